package envelope

import "github.com/segmentio/asm/base64"

// The vector part of base64's decoder takes blocks of 32 characters, as long as 45 are left or more; its scalar part takes the others, slowly. So
// it is given what leaves it 16.
const (
	vectorBlock = 32
	vectorRest  = 16
)

// decodeBase64 is the standard decoder, which passes over line ends. Dst must have room for all that src can stand for.
func decodeBase64(dst, src []byte) (n int, err error) {
	if n, ok := decodePlain(dst, src); ok {
		return n, nil
	}
	return base64.StdEncoding.Decode(dst, src)
}

// decodePlain decodes what has no line ends, and tells whether that is valid.
func decodePlain(dst, src []byte) (n int, ok bool) {
	if len(src)%4 != 0 || len(src) == 0 {
		return 0, len(src) == 0
	}
	if blocks := (len(src) - vectorRest) / vectorBlock; blocks > 0 {
		size := blocks*vectorBlock + vectorRest
		var err error
		if n, err = base64.StdEncoding.Decode(dst, src[:size]); err != nil || n != size/4*3 && size < len(src) {
			return 0, false
		}
		src = src[size:]
	}
	for ; len(src) > 4; src = src[4:] {
		all, bits := fourOf(src)
		if all > maxSextet {
			return 0, false
		}
		to := dst[n : n+3]
		to[0], to[1], to[2] = byte(bits>>16), byte(bits>>8), byte(bits)
		n += 3
	}
	if len(src) == 0 {
		return n, true
	}
	last, size := [4]byte(src), 3
	for ; size > 1 && last[size] == '='; size-- {
		last[size] = 'A'
	}
	all, bits := fourOf(last[:])
	for k := range size {
		dst[n+k] = byte(bits >> (16 - 8*k))
	}
	return n + size, all <= maxSextet
}

const maxSextet = 1<<6 - 1

// fourOf gives the 24 bits that four characters stand for. One that stands for none makes all greater than maxSextet.
func fourOf(src []byte) (all byte, bits uint32) {
	src = src[:4]
	a, b, c, d := sextets[src[0]], sextets[src[1]], sextets[src[2]], sextets[src[3]]
	return a | b | c | d, uint32(a)<<18 | uint32(b)<<12 | uint32(c)<<6 | uint32(d)
}

// sextets is what a character stands for, or 255.
var sextets = func() (table [256]byte) {
	for c := range table {
		table[c] = 255
	}
	for n, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" {
		table[c] = byte(n)
	}
	return table
}()
