package generate

import (
	"strconv"
	"time"
)

// The words of the payloads, as they stand between quotes in JSON: in many scripts, some of them with escapes.
var (
	systems     = []string{"ios", "android", "web", "macos", "windows"}
	locales     = []string{"de-CH", "fr-CH", "it-CH", "en-GB", "en-US", "es-MX", "ja-JP", "pt-BR", "tr-TR"}
	networks    = []string{"wifi", "5g", "lte", "offline", "ethernet"}
	experiments = []string{"onboarding-b", "streak-freeze", "new-paywall", "dark-mode", "hearts-v3"}
	plans       = []string{"free", "free", "free", "plus", "family", "school"}
	languages   = []string{"de", "fr", "it", "es", "ja", "pt", "tr", "rm", "ru"}
	given       = []string{"Zoë", "Łukasz", "José", "Anaïs", "Søren", "明日香", "Айгуль", "محمد", "Çağla", "Ren\\u00e9e", "O'Neill", "Bj\\u00f6rn"}
	family      = []string{"Müller", "Rossi", "Nguyễn", "Favre", "García", "佐藤", "Иванова", "Bühler", "Šimić", "d\\u2019Aubigné"}
	remarks     = []string{
		"too many notifications", "j’ai tout appris 🎉", "switched to \\\"another app\\\"", "zu teuer", "勉強する時間がない",
		"moved\\nno longer need it", "path C:\\\\temp\\\\x", "it\\u0027s fine \\ud83d\\ude42", "no reason given",
	}
	titles  = []string{"Im Café", "À la gare", "Los números", "自己紹介", "Der Dativ <einfach & klar>", "Fare la spesa", "Вокзал", "Past perfect / 2"}
	answers = []string{"la casa", "das Mädchen", "je m’appelle", "猫がいる", "¿dónde está?", "вода", "a \\\"quoted\\\" word", "l'été"}
	cities  = []string{"Zürich", "Genève", "Lugano", "München", "São Paulo", "東京", "Kraków", "İzmir"}
	brands  = []string{"visa", "mastercard", "amex", "postcard"}

	settings = []struct {
		name   string
		values []string
	}{
		{"locale", locales},
		{"time_zone", []string{"Europe/Zurich", "America/Sao_Paulo", "Asia/Tokyo", "UTC"}},
		{"daily_goal", []string{"10", "20", "30", "50"}},
		{"display_name", given},
		{"city", cities},
	}

	zones = []*time.Location{
		time.FixedZone("", 3600), time.FixedZone("", -7*3600), time.FixedZone("", 5*3600+1800), time.FixedZone("", 9*3600),
	}
)

// pick draws one of the words.
func (a *author) pick(words []string) string { return words[a.IntN(len(words))] }

// quote appends text that is already in JSON's spelling.
func quote(dst []byte, text string) []byte {
	return append(append(append(dst, '"'), text...), '"')
}

// text appends a member with a text value.
func text(dst []byte, key, value string) []byte {
	return quote(append(quote(dst, key), ':'), value)
}

// number appends a member with an integer value.
func number[N int | int64 | uint64](dst []byte, key string, value N) []byte {
	return strconv.AppendInt(append(quote(dst, key), ':'), int64(value), 10)
}

// money appends a member with an amount in hundredths as decimal number text with two places: 1990 is 19.90.
func money(dst []byte, key string, cents uint64) []byte {
	dst = strconv.AppendUint(append(quote(dst, key), ':'), cents/100, 10)
	return append(dst, '.', byte('0'+cents/10%10), byte('0'+cents%10))
}

// truth appends a member with a boolean value.
func truth(dst []byte, key string, value bool) []byte {
	return strconv.AppendBool(append(quote(dst, key), ':'), value)
}

// comma appends one between the n-th element and that before it.
func comma(dst []byte, n int) []byte {
	if n > 0 {
		return append(dst, ',')
	}
	return dst
}
