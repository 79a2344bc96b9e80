package benchtest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

var (
	names   = strings.Fields("lesson:started lesson:started lesson:started lesson:completed lesson:completed account:updated payment:order_created account:created")
	locales = strings.Fields("en-US en-US en-GB es-ES es-MX pt-BR fr-FR de-DE ja-JP ko-KR zh-CN tr-TR pl-PL it-IT")
	systems = strings.Fields("iOS iOS Android Android Android web macOS Windows")
	words   = strings.Fields("the user said that this lesson was great but a little too long for me thanks see you again next week order was paid by card and then " +
		"refund because wrong plan please check my account update profile picture grammar listening speaking vocabulary level test passed with score " +
		"größer señal mañana você çok güzel привет урок спасибо хорошо こんにちは 単語 テスト 수업 你好 学习 🎉 naïve café \\u00e9tude")
)

// Events gives n events of an hour, of some 400 bytes, with random ids and up to a minute out of order: at gzip level 6 they are a fifth of their size, as
// those of `make bench-peers` are. Stored ones have what ingest adds.
func Events(n int, hour time.Time, stored bool, seed uint64) [][]byte {
	r := rand.New(rand.NewPCG(seed, 7))
	all := make([][]byte, n)
	for i := range all {
		at := hour.Add(time.Duration(int64(i) * int64(time.Hour) / int64(n)))
		all[i] = event(r, at.Add(-time.Duration(r.Int64N(int64(min(time.Minute, at.Sub(hour)))+1))).Truncate(time.Millisecond), stored)
	}
	return all
}

func event(r *rand.Rand, at time.Time, stored bool) []byte {
	name := pick(r, names)
	b := fmt.Appendf(nil, `{"event_uuid":"%08x-%04x-4%03x-a%03x-%012x","event_name":%q,"created_at":%d.%03d`,
		r.Uint32(), r.Uint32()&0xffff, r.Uint32()&0xfff, r.Uint32()&0xfff, r.Uint64()>>16, name, at.Unix(), at.UnixMilli()%1000)
	if stored {
		kind, of, _ := strings.Cut(name, ":")
		b = fmt.Appendf(b, `,"created_datetime":%q,"event_type":%q,"event_subtype":%q`, at.Format(time.RFC3339), kind, of)
	}
	b = fmt.Appendf(b, `,"payload":{"user_id":%d,"session_id":%d,"locale":%q,"device":{"os":%q,"version":"%d.%d"}`,
		1_000_000+r.IntN(50_000_000), (at.UnixMilli()-r.Int64N(1<<22))<<21|r.Int64N(1<<21), pick(r, locales), pick(r, systems), 13+r.IntN(6), r.IntN(6))
	switch name[0] {
	case 'l':
		b = fmt.Appendf(b, `,"lesson_ids":[%d`, 10_000+r.IntN(40_000))
		for range r.IntN(5) {
			b = fmt.Appendf(b, `,%d`, 10_000+r.IntN(40_000))
		}
		b = append(b, ']')
	case 'p':
		b = fmt.Appendf(b, `,"amount":%d.%02d,"currency":"EUR"`, 5+r.IntN(200), r.IntN(100))
	}
	b = append(b, `,"text":"`...)
	for range r.IntN(20) {
		b = append(append(b, pick(r, words)...), ' ')
	}
	return append(b, `"}}`...)
}

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }
