package erasure

import (
	"fmt"
	"testing"
)

// line is an event of about 400 bytes.
func line(key, user string) []byte {
	return fmt.Appendf(nil, `{"event_uuid":"6f9619ff-8b86-d011-b42d-00cf4fc964ff","created_at":"2026-11-23T08:15:30.123Z","event_name":"page:viewed",`+
		`"session":"9f86d081884c7d659a2feaa0c55ad015","%s":"%s","page":{"url":"https://example.com/shop/items/4711","title":"An item","referrer":null},`+
		`"device":{"os":"ios","version":"17.1","width":390,"height":844},"amount":12.5,"tags":["a","b"],"created_datetime":"2026-11-23T08:15:30Z"}`, key, user)
}

func BenchmarkFind(b *testing.B) {
	many := make([]string, 10_000)
	for i := range many {
		many[i] = fmt.Sprint("user-", i)
	}
	for _, c := range []struct {
		name string
		set  *Set
		line []byte
	}{
		{"absent", setOf("user_id", many...), line("customer", "somebody")},
		{"present", setOf("user_id", many...), line("user_id", "somebody")},
		{"present nested", setOf("page.title", many...), line("user_id", "somebody")},
		{"matches", setOf("user_id", many...), line("user_id", "user-77")},
		{"none", new(Set), line("user_id", "somebody")},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.line)))
			for b.Loop() {
				c.set.Find(c.line)
			}
		})
	}
}

func TestFindAllocates(t *testing.T) {
	absent, present, s := line("customer", "somebody"), line("user_id", "somebody"), setOf("user_id", "x")
	for range 10 {
		s.Find(present) // warm
	}
	for name, line := range map[string][]byte{"absent": absent, "present": present} {
		if n := testing.AllocsPerRun(1000, func() { s.Find(line) }); n >= 1 && !raceEnabled {
			t.Errorf("%s: %v allocations a line", name, n)
		}
	}
}
