package streams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	parameters "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// Parameter is the name of the one that has a stream's Record.
func Parameter(stream string) string { return "/lakebed/" + stream + "/shards" }

// Record is what a stream's parameter says.
type Record struct {
	Shards  int         `json:"shards"`           // that it has, or is about to have
	From    int         `json:"from,omitempty"`   // that it had before the last call, until it is seen what came of that
	Calls   []time.Time `json:"calls"`            // of UpdateShardCount, those of the last 24 hours at least
	Changed time.Time   `json:"changed,omitzero"` // when the last change was first seen to be done
}

// calling is the record before a call is made.
func (r Record) calling(to int, now time.Time) Record {
	return Record{Shards: to, From: r.Shards, Calls: noted(r.Calls, now), Changed: r.Changed}
}

// seen is the record once the stream has so many shards and no change is under way. Whether Kinesis took the last call is told by that, and not by its answer,
// which may be lost.
func (r Record) seen(shards int, now time.Time) Record {
	switch shards {
	case r.From: // the last call was refused, or never made
		r.Calls = r.Calls[:max(0, len(r.Calls)-1)]
	case r.Shards: // as is noted
		r.Changed = now.UTC().Truncate(time.Second)
	default: // somebody else made a call, which counts, too
		r.Calls, r.Changed = noted(r.Calls, now), now.UTC().Truncate(time.Second)
	}
	r.Shards, r.From = shards, 0
	return r
}

// noted are the calls with one more, without those that have long ceased to count.
func noted(calls []time.Time, now time.Time) []time.Time {
	calls = slices.DeleteFunc(slices.Clone(calls), func(at time.Time) bool { return now.Sub(at) > 25*time.Hour })
	return append(calls, now.UTC().Truncate(time.Second))
}

const wanted = `want {"shards": 4, "calls": []} with the times of the calls of the last 24 hours; if a newer scaler wrote it, deploy that one`

// parse reads a record. What it does not know may be of a newer scaler, and would be lost.
func parse(text string) (r Record, err error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		return r, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return r, errors.New("something follows the record")
	}
	if r.Shards < 1 {
		return r, fmt.Errorf("shards is %d", r.Shards)
	}
	return r, nil
}

// read gives the stream's record; found is false where there is none, as nothing was changed yet.
func (s *Streams) read(ctx context.Context, name string) (r Record, found bool, err error) {
	parameter := Parameter(name)
	out, err := s.ssm.GetParameter(ctx, &ssm.GetParameterInput{Name: &parameter})
	if missing := new(parameters.ParameterNotFound); errors.As(err, &missing) {
		return r, false, nil
	}
	if err != nil {
		return r, false, fmt.Errorf("read %s: %w", parameter, err)
	}
	text := aws.ToString(out.Parameter.Value)
	if r, err = parse(text); err != nil {
		return r, false, fmt.Errorf("parameter %s is %q: %w: %s", parameter, text, err, wanted)
	}
	return r, true, nil
}

// record gives that of a stream with so many shards, and brings it in line with that.
func (s *Streams) record(ctx context.Context, name string, shards int, now time.Time) (Record, error) {
	r, found, err := s.read(ctx, name)
	if err != nil || !found || r.Shards == shards && r.From == 0 {
		return r, err
	}
	r = r.seen(shards, now)
	return r, s.write(ctx, name, r)
}

func (s *Streams) write(ctx context.Context, name string, r Record) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = s.ssm.PutParameter(ctx, &ssm.PutParameterInput{
		Name: aws.String(Parameter(name)), Value: aws.String(string(text)), Type: parameters.ParameterTypeString, Overwrite: aws.Bool(true),
	})
	if err != nil {
		return fmt.Errorf("write %s: %w", Parameter(name), err)
	}
	return nil
}
