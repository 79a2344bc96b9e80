package generate

import "math/bits"

// pick chooses count of the indexes below total: exactly that many, spread over the whole and yet irregular, with nothing to remember. The
// indexes are cut into count blocks of nearly one size, and each block gives the one that a hash of its number points at.
type pick struct {
	count, total uint64 // count <= total
	seed         uint64
}

// at is the k-th chosen index; it grows with k.
func (p pick) at(k uint64) uint64 {
	from, to := p.block(k), p.block(k+1)
	if to-from == 1 {
		return from
	}
	return from + mix(p.seed, k)%(to-from)
}

// rank tells whether index i is chosen, and as which one.
func (p pick) rank(i uint64) (k uint64, chosen bool) {
	if p.count == 0 {
		return 0, false
	}
	k = scale(i, p.count, p.total)
	if p.block(k+1) <= i { // a block's border is rounded down, so i may lie at the head of the next one
		k++
	}
	return k, p.at(k) == i
}

// block is where the k-th block begins.
func (p pick) block(k uint64) uint64 { return scale(k, p.total, p.count) }

// scale is n*by/of, rounded down, without overflow on the way; the result must fit.
func scale(n, by, of uint64) uint64 {
	high, low := bits.Mul64(n, by)
	quotient, _ := bits.Div64(high, low, of)
	return quotient
}

// mix hashes n under a seed: SplitMix64 (Steele, Lea, Flood 2014). For one seed no two n give the same value.
func mix(seed, n uint64) uint64 {
	z := seed + (n+1)*0x9e3779b97f4a7c15
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
