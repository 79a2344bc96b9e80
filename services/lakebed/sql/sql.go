// Package sql answers SQL over a lake, as a reader of its catalog would see it at that instant. The engine is DuckDB, in this process.
//
//   - events: the parts under the Location of every registered partition, with the columns that the catalog declares, and dt and hour.
//   - events_raw: the fragments that are still below raw/, duplicates and all.
//   - events_live: events, and what of the fragments of the last hours is not in them, each id once.
//   - quarantine: rejected records, with dt and hour of their arrival; from_base64(data) gives a record's bytes.
//
// A condition on dt and hour keeps DuckDB from opening the other hours' files. The columns of events_raw and events_live are those of
// events, widened by what the fragments hold: a value that the table does not admit yet is read all the same.
//
// # What DuckDB shows otherwise than it is stored
//
// A column of type string holds whatever a producer sent. There, integers of any length keep their digits, and so do numbers beyond the
// range of a double (1e400); other numbers come back as the shortest text of the nearest double: 1.50 as 1.5, 1e5 as 100000.0,
// 0.1234567890123456789 as 0.12345678901234568. Objects and arrays come back as JSON text with their numbers changed likewise. An
// object's keys are matched by case, with the spelling that the catalog has: an event that spells a key otherwise has NULL there, while
// Athena sees it. The stored bytes are in the files.
//
// A part that was damaged on its disk makes a statement fail where its JSON is torn. DuckDB checks neither the end nor the checksum of
// gzip, so a cut between two lines goes unseen here: `lakebed verify` sees it.
//
// # What a statement may do
//
// The lake's files are only ever read by these views, but a statement runs with the rights of the process: COPY … TO, ATTACH and
// read_csv reach every file that the user may, also the lake's own. That is allowed, as exporting is what SQL is for; do not pass on
// statements from others. Extensions are neither installed nor loaded unasked.
package sql

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lakebed/lakebed/services/lakebed/sql/duck"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// Lake is what a session reads. A zero field takes its default.
type Lake struct {
	Bucket  bucket.Bucket
	Catalog catalog.Catalog
	Root    string // directory in which the bucket keeps its objects: DuckDB reads them there

	IDField string           // dotted path of the event's id, default event.DefaultMapping's
	Live    time.Duration    // how far back events_live reads fragments, by the hour of their events; default 2 h
	Now     func() time.Time // default time.Now

	// The views show only the hours from From and before To, quarantine by arrival; zero: all.
	From, To layout.Partition

	// Bring makes the objects be below Root before a view reads them; nil where they always are. Then only the tables that a statement
	// of the session has named are brought, and the others cannot be read. bucket.ErrNotFound and ErrChanged make the session look again.
	Bring func(ctx context.Context, objects []bucket.Object) error

	Memory  int64 // bytes that DuckDB may use, default 80 % of the machine's; at least MinMemory
	Threads int   // default one for each CPU, fewer where Memory is short
}

// DefaultLive is how far back events_live reads fragments.
const DefaultLive = 2 * time.Hour

// Each thread holds two lines of the longest, as DuckDB reads JSON into buffers of twice that, and some more to work with.
const threadMemory = 5 * part.MaxLine

// MinMemory is the least that a session can work with: one thread.
const MinMemory = threadMemory + 64<<20

// Session is an engine with the lake's views, and what statements made in it: tables, settings, transactions. It is not safe for
// concurrent use.
type Session struct {
	lake  Lake
	db    *duck.DB
	user  *duck.Conn      // runs the user's statements
	views *duck.Conn      // makes the views, whatever transaction the user is in
	spill string          // directory for what does not fit into memory
	named map[string]bool // the views that a statement has named: those of fragments are kept up to date from then on
	observed
}

// Open starts an engine with the lake's views. It writes nothing into the lake. The caller closes the session.
func Open(ctx context.Context, l Lake) (*Session, error) {
	if err := l.complete(); err != nil {
		return nil, err
	}
	spill, err := os.MkdirTemp("", "lakebed-sql-")
	if err != nil {
		return nil, fmt.Errorf("open SQL session: %w", err)
	}
	s := &Session{lake: l, spill: spill, named: map[string]bool{}, observed: observed{states: map[string]state{}}}
	if err := s.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("open SQL session: %w", err), s.Close())
	}
	if err := s.Refresh(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (l *Lake) complete() (err error) {
	if l.Root, err = filepath.Abs(l.Root); err != nil {
		return fmt.Errorf("open SQL session: %w", err)
	}
	l.Root = filepath.ToSlash(l.Root)
	if strings.ContainsAny(l.Root, "*?[") && strings.Contains(l.Root, `\`) {
		return fmt.Errorf("open SQL session: DuckDB cannot read below %s: its name has a backslash beside one of * ? [", l.Root)
	}
	if l.IDField == "" {
		l.IDField = event.DefaultMapping.ID
	}
	if l.Live <= 0 {
		l.Live = DefaultLive
	}
	if l.Now == nil {
		l.Now = time.Now
	}
	if l.Threads <= 0 {
		l.Threads = runtime.NumCPU()
	}
	if l.Memory > 0 {
		if l.Memory < MinMemory {
			return fmt.Errorf("open SQL session: memory of %d bytes is too little, the least is %d", l.Memory, int64(MinMemory))
		}
		l.Threads = min(l.Threads, int((l.Memory-64<<20)/threadMemory))
	}
	return nil
}

func (s *Session) start() (err error) {
	settings := map[string]string{
		"threads":                      strconv.Itoa(s.lake.Threads),
		"temp_directory":               s.spill,
		"autoinstall_known_extensions": "false",
		"autoload_known_extensions":    "false",
		"allow_community_extensions":   "false",
	}
	if s.lake.Memory > 0 {
		settings["memory_limit"] = strconv.FormatInt(s.lake.Memory, 10) + "B"
	}
	if s.db, err = duck.Open(settings); err != nil {
		return err
	}
	if s.user, err = s.db.Connect(); err != nil {
		return err
	}
	s.views, err = s.db.Connect()
	return err
}

// Close ends the session and drops what statements made in it.
func (s *Session) Close() error {
	for _, conn := range []*duck.Conn{s.user, s.views} {
		if conn != nil {
			conn.Close()
		}
	}
	if s.db != nil {
		s.db.Close()
	}
	return os.RemoveAll(s.spill)
}

// Broken are the keys of fragments that are not what ingest writes, such as torn ones. They are left out of events_raw and events_live.
func (s *Session) Broken() []string {
	var keys []string
	for key, state := range s.observed.states {
		if state == broken {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
