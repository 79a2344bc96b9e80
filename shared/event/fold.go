package event

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"unicode"
	"unicode/utf8"
)

// foldRune gives one rune for all that differ only in case: for runes that strings.EqualFold takes as equal, and for runes that
// strings.ToLower maps to one. An ASCII letter gives its lower case.
func foldRune(r rune) rune {
	first := unicode.ToLower(r)
	low := first
	for next := unicode.SimpleFold(first); next != first; next = unicode.SimpleFold(next) {
		low = min(low, next)
	}
	if 'A' <= low && low <= 'Z' {
		low += 'a' - 'A'
	}
	return low
}

// appendFold appends key with every rune folded.
func appendFold(dst, key []byte) []byte {
	for i := 0; i < len(key); {
		if c := key[i]; c < utf8.RuneSelf {
			dst = append(dst, lower(c))
			i++
			continue
		}
		r, n := utf8.DecodeRune(key[i:])
		dst = utf8.AppendRune(dst, foldRune(r))
		i += n
	}
	return dst
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// secret keeps producers from making keys that collide. Nothing but speed depends on it: equal hashes are always verified.
var secret = [2]uint64{rand.Uint64() | 1, rand.Uint64() | 1}

// hashFold hashes key as if its ASCII letters were in lower case. Other runes must be folded already.
func hashFold(key []byte) uint64 {
	h := secret[0] ^ uint64(len(key))
	switch n := len(key); {
	case n >= 8:
		for i := 0; i+8 < n; i += 8 {
			h = mix(h ^ lowerWord(binary.LittleEndian.Uint64(key[i:])))
		}
		h ^= lowerWord(binary.LittleEndian.Uint64(key[n-8:]))
	case n >= 4:
		h ^= lowerWord(uint64(binary.LittleEndian.Uint32(key)) | uint64(binary.LittleEndian.Uint32(key[n-4:]))<<32)
	default:
		for _, c := range key {
			h = h<<8 ^ h>>56 ^ uint64(lower(c))
		}
	}
	return mix(h)
}

func mix(h uint64) uint64 {
	hi, lo := bits.Mul64(h, secret[1])
	return hi ^ lo
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// lowerWord puts the ASCII capitals among eight bytes in lower case.
func lowerWord(w uint64) uint64 {
	low := w &^ highs
	capital := (low + ones*(0x80-'A')) &^ (low + ones*(0x80-'Z'-1)) &^ w & highs
	return w | capital>>2 // 0x80>>2 is the bit that tells 'a' from 'A'
}

// compareFolded orders keys as their folded bytes; the ASCII letters of each may still be capitals.
func compareFolded(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if x, y := lower(a[i]), lower(b[i]); x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}
