package dynamoclaims

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/lakebed/lakebed/shared/claims"
)

// Shard is the strategy of one item a batch: a batch is compared with those of its shard that were settled in the last minutes, by any process.
// It claims nothing ahead of the store. Duplicates that lie further apart, come through another shard (after a split or a merge as
// well), or are in two batches that are under way at once, are compaction's. Safe for concurrent use.
type Shard struct {
	usage
	client *dynamodb.Client
	table  string
	keep   time.Duration
	limit  int
	now    func() time.Time

	mu    sync.Mutex
	known map[string]*known
	calls uint64
}

// known is what the process has read of a shard.
type known struct {
	window *claims.Window
	used   uint64 // number of the last call

	turn chan struct{}       // holds one while the rest is used
	next time.Time           // the next read begins here
	seen map[string]struct{} // sort keys from there on that were read already
}

// NewShard makes the strategy. It remembers a batch for o.Keep (claims.DefaultKeep) and at most about o.Limit ids (claims.DefaultLimit) of
// all shards; beyond that, the shard that was not asked about for longest is forgotten, and read again when it comes back.
func NewShard(client *dynamodb.Client, table string, o claims.Options) *Shard {
	s := &Shard{client: client, table: table, keep: o.Keep, limit: o.Limit, now: clock(o), known: map[string]*known{}}
	if s.keep <= 0 {
		s.keep = claims.DefaultKeep
	}
	if s.limit <= 0 {
		s.limit = claims.DefaultLimit
	}
	return s
}

// Claim implements claims.Claims. It reads what is new of the shard; an error leaves what was known as it was.
func (s *Shard) Claim(ctx context.Context, b claims.Batch) ([]claims.Verdict, error) {
	if err := checkContext(ctx, "claim", b.Shard); err != nil {
		return nil, err
	}
	if len(b.Claims) == 0 {
		return []claims.Verdict{}, nil
	}
	k := s.enter(b.Shard)
	if err := s.load(ctx, b.Shard, k); err != nil {
		return nil, err
	}
	s.forget(k)
	return k.window.Verdicts(b, s.now()), nil
}

// Settle implements claims.Claims. It writes the ids that no batch is known to have; the next Claim reads them back, so that who owns an id
// is decided by the order in the table, for all processes alike. An error may leave some of the batch's items: they are true.
func (s *Shard) Settle(ctx context.Context, b claims.Batch) error {
	if err := checkContext(ctx, "settle", b.Shard); err != nil {
		return err
	}
	now := s.now()
	return s.store(ctx, claims.Item{Shard: b.Shard, First: b.First, Last: b.Last, At: now, IDs: s.enter(b.Shard).window.Unknown(b, now)})
}

// enter finds a shard, and marks it as used.
func (s *Shard) enter(shard string) *known {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.known[shard]
	if !ok {
		k = &known{window: claims.NewWindow(s.keep, s.limit), turn: make(chan struct{}, 1), seen: map[string]struct{}{}}
		s.known[shard] = k
	}
	s.calls++
	k.used = s.calls
	return k
}

// leastShard is what a shard counts at least towards the limit.
const leastShard = 16

// forget drops the shards that were not used for longest while all of them are beyond the limit, but never the one given.
func (s *Shard) forget(but *known) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		sum, oldest := 0, ""
		for shard, k := range s.known {
			sum += max(k.window.Len(), leastShard)
			if k != but && (oldest == "" || k.used < s.known[oldest].used) {
				oldest = shard
			}
		}
		if sum <= s.limit || oldest == "" {
			return
		}
		delete(s.known, oldest)
	}
}
