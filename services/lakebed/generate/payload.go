package generate

import (
	"strconv"
	"time"
)

func (a *author) accountCreated(dst []byte) []byte {
	dst = text(dst, "plan", a.pick(plans))
	dst = append(dst, `,"profile":{"display_name":"`...)
	dst = append(append(dst, a.pick(given)...), ' ')
	dst = append(append(dst, a.pick(family)...), `","email":"u`...)
	dst = strconv.AppendUint(dst, a.user, 10)
	dst = append(dst, `@example.org","birth_year":`...)
	if a.IntN(3) == 0 {
		dst = append(dst, "null"...)
	} else {
		dst = strconv.AppendInt(dst, int64(1950+a.IntN(65)), 10)
	}
	dst = append(dst, `,"languages":[`...)
	for n := range 1 + a.IntN(3) {
		dst = quote(comma(dst, n), a.pick(languages))
	}
	dst = append(dst, `]},"consents":[{"name":"terms","version":4,"granted":true},{"name":"marketing","version":2,`...)
	dst = append(truth(dst, "granted", a.IntN(2) == 0), `}]`...)
	if a.IntN(5) == 0 {
		dst = append(dst, `,"referrer":{`...)
		dst = number(dst, "user_id", a.userOf(a.Uint64()))
		dst = append(dst, `,"code":"FR13ND"}`...)
	}
	return dst
}

func (a *author) accountUpdated(dst []byte) []byte {
	dst = append(dst, `"changes":[`...)
	for n := range 1 + a.IntN(3) {
		dst = append(comma(dst, n), '{')
		setting := settings[a.IntN(len(settings))]
		dst = text(dst, "field", setting.name)
		if a.IntN(4) == 0 {
			dst = append(dst, `,"old":null`...)
		} else {
			dst = text(append(dst, ','), "old", a.pick(setting.values))
		}
		dst = text(append(dst, ','), "new", a.pick(setting.values))
		dst = append(dst, '}')
	}
	dst = text(append(dst, `],`...), "by", a.pick([]string{"user", "user", "support", "system"}))
	return number(append(dst, ','), "revision", 1+a.IntN(40))
}

func (a *author) accountDeleted(dst []byte) []byte {
	dst = text(dst, "reason", a.pick([]string{"erasure_request", "inactivity", "chargeback"}))
	dst = append(dst, `,"requested_at":`...)
	dst = a.quoteTime(dst, a.at.Add(-time.Duration(a.IntN(1e6))*time.Second), time.RFC3339)
	dst = append(dst, `,"feedback":`...)
	if a.IntN(3) == 0 {
		return append(dst, "null"...)
	}
	return quote(dst, a.pick(remarks))
}

// lesson appends what both events of a lesson tell.
func (a *author) lesson(dst []byte) []byte {
	course, unit := a.IntN(len(languages)), 1+a.IntN(60)
	dst = append(dst, `"lesson":{"id":"les-`...)
	dst = strconv.AppendInt(dst, int64(100_000+1000*course+unit), 10)
	dst = append(dst, `","course":"`...)
	dst = append(append(dst, languages[course]...), `-from-en",`...)
	dst = append(number(dst, "unit", unit), ',')
	dst = append(text(dst, "title", titles[(course+unit)%len(titles)]), `},`...)
	return number(dst, "attempt", 1+a.IntN(3))
}

func (a *author) lessonStarted(dst []byte) []byte {
	dst = a.lesson(dst)
	dst = append(dst, `,"device":{"screen":[`...)
	dst = strconv.AppendInt(dst, int64(720+a.IntN(6)*90), 10)
	dst = append(dst, ',')
	dst = strconv.AppendInt(dst, int64(1280+a.IntN(6)*160), 10)
	dst = truth(append(dst, `],`...), "audio", a.IntN(3) > 0)
	if a.IntN(2) == 0 {
		dst = number(append(dst, ','), "battery", a.IntN(101))
	}
	dst = truth(append(dst, `},`...), "offline", a.IntN(20) == 0)
	return text(append(dst, ','), "entry", a.pick([]string{"home", "reminder", "deep_link", "widget"}))
}

// lessonCompleted writes its score as an integer or with decimals, as it falls: readers must take both.
func (a *author) lessonCompleted(dst []byte) []byte {
	dst = a.lesson(dst)
	dst = number(append(dst, ','), "duration_ms", 20_000+a.IntN(900_000))
	score := a.IntN(201) // in halves of a percent
	dst = number(append(dst, ','), "score", score/2)
	if score%2 == 1 {
		dst = append(dst, ".5"...)
	}
	dst = number(append(dst, ','), "xp", 5+score/10)
	dst = append(dst, `,"answers":[`...)
	for n := range a.IntN(3) {
		dst = append(comma(dst, n), '{')
		dst = number(dst, "exercise", n+1)
		dst = truth(append(dst, ','), "correct", a.IntN(5) > 0)
		dst = text(append(dst, ','), "given", a.pick(answers))
		dst = append(dst, '}')
	}
	dst = append(dst, `],"streak":{`...)
	dst = number(dst, "days", a.IntN(400))
	dst = append(dst, `,"frozen_until":`...)
	if a.IntN(4) > 0 {
		return append(dst, `null}`...)
	}
	dst = a.quoteTime(dst, a.at.Add(24*time.Hour), time.DateOnly)
	return append(dst, '}')
}
