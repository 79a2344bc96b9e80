package compactor

import (
	"context"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// A look has to know what every slot says that an hour ever had, since the bucket is the truth. The slots of earlier generations say the same for
// ever, once they are swept. So they are noted, with their ETags: a slot that is listed with the very ETag is not read again, and the calls of a look
// do not grow with the generations. What is not noted, or not rightly, is read.

// fewHeaders is how many headers of earlier generations are read one by one at every look before they are noted; Policy.Few is taken instead if it
// is not 0.
const fewHeaders = 8

func (p Policy) few() int {
	if p.Few > 0 {
		return p.Few
	}
	return fewHeaders
}

// known gives what is noted of slots that are listed. It is not asked for where few of them can be of earlier generations.
func (v *visit) known(ctx context.Context, rows map[layout.Generation][]slot) (map[string]part.Known, error) {
	earlier, last := 0, layout.FirstGeneration
	for name, row := range rows {
		if earlier += len(row); name.Number() > last.Number() {
			last = name
		}
	}
	if earlier-len(rows[last]) <= v.config.Policy.few() {
		return nil, nil
	}
	return part.ReadKnown(ctx, v.bucket, layout.Headers(v.partition))
}

// header gives what a slot says of itself.
func (v *visit) header(ctx context.Context, s *slot, known map[string]part.Known) (part.Header, bucket.Object, error) {
	if k, ok := known[s.object.Key]; ok && k.ETag == s.object.ETag {
		s.known = true
		return k.Header, s.object, nil
	}
	return part.ReadHeader(ctx, v.bucket, s.object.Key)
}

// note notes the headers of earlier generations where the look had to read many. It comes at the end of a visit, when all else is done: nothing
// waits for it, and where it is lost or broken off the next visit finds as many to read. Two who note at once note the same, or what one of them
// saw first; what changed between is told by its ETag.
func (v *visit) note(ctx context.Context, s *state) error {
	var all []part.Known
	read := 0
	for _, g := range s.chain[:len(s.chain)-1] {
		for _, d := range g.slots {
			all = append(all, part.Known{Key: d.object.Key, ETag: d.object.ETag, Header: d.Header})
			if !d.known {
				read++
			}
		}
	}
	if read <= v.config.Policy.few() {
		return nil
	}
	return part.PutKnown(ctx, v.bucket, layout.Headers(v.partition), all)
}
