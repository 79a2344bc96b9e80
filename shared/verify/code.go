package verify

// Code names one kind of finding. The list below is closed.
type Code string

// Breaches: a promise is not kept.
const (
	// Of the row of slots and the chain of generations.
	SlotMissing      Code = "slot_missing"      // a row of slots has a gap
	SlotUnreadable   Code = "slot_unreadable"   // a slot's header cannot be read
	SealWrong        Code = "seal_wrong"        // a seal is not last, names no successor of its generation, or was removed
	SuccessorMissing Code = "successor_missing" // the generation that a seal names is not there
	HeadersWrong     Code = "headers_wrong"     // what was noted of the slots is not what they say: the compactor goes by it
	NewerFormat      Code = "newer_format"      // written by a later version, which has to verify it
	ForeignData      Code = "foreign_data"      // what Lakebed did not write lies where readers look; it stops the hour's compaction

	// Of parts and lines.
	PartBroken     Code = "part_broken"     // not one whole gzip stream of whole lines
	PartCount      Code = "part_count"      // another number of lines than its header says
	LineInvalid    Code = "line_invalid"    // a line that ingest would not have stored
	LineMisplaced  Code = "line_misplaced"  // an event in an hour or lane that is not its own
	LineUnreadable Code = "line_unreadable" // a value that cannot be read under the declared type
	IDTwice        Code = "id_twice"        // two events of the current generation have one id
	Accounts       Code = "accounts"        // lines merged are not events + duplicates + conflicts, or not those of the fragments named

	// Of fragments and the ledger.
	FragmentBroken  Code = "fragment_broken"  // its content is not what its name says
	FragmentMissing Code = "fragment_missing" // what the ledger counts as stored is neither in raw/ nor merged
	FragmentLines   Code = "fragment_lines"   // it has another number of lines than was counted
	EventMissing    Code = "event_missing"    // a fragment counts as merged, and an event of it is not in the current generation
	LedgerBroken    Code = "ledger_broken"    // an object of the ledger cannot be read, or is not what its name says
	LedgerOpen      Code = "ledger_open"      // received is not stored + duplicates + quarantined

	// Of the quarantine.
	RejectMissing Code = "reject_missing" // a quarantine object that the ledger counts is not there
	RejectLines   Code = "reject_lines"   // it has another number of records than was counted
	RejectBroken  Code = "reject_broken"  // it cannot be replayed: not what its name says, or without its data

	// Of what is erased.
	ErasureBroken Code = "erasure_broken" // tombstones, or their key, are damaged: compaction stands still, lest what is erased comes back

	// Of the catalog.
	Location     Code = "location"     // readers are not shown the current generation
	Unregistered Code = "unregistered" // readers do not know an hour that has events
	Columns      Code = "columns"      // an hour's columns are not the table's: queries can fail

	// Of what should be gone.
	Orphan  Code = "orphan"  // a generation that nothing names, past the grace
	Unswept Code = "unswept" // an old generation's data past the grace, in an hour that nobody visits any more
)

// Warnings: nothing is promised about it, or it mends itself.
const (
	CatalogBehind Code = "catalog_behind" // a change of the catalog is under way, or was broken off and will be finished
	IndexMissing  Code = "index_missing"  // a part has no index
	IndexBroken   Code = "index_broken"   // an index that is damaged, or not that of its part
	IndexStray    Code = "index_stray"    // an index without a part, in an hour that nobody visits any more
	Foreign       Code = "foreign"        // an object that Lakebed did not write
	Unerased      Code = "unerased"       // a tombstone matches an event of a current generation, or a rejected record
)

// about is what is to be known of a code.
type about struct {
	code    Code
	warning bool
	remedy  string
}

const (
	restore = "restore the object from a backup or an earlier version"
	redo    = "restore it from a backup or an earlier version, or deliver the source's records once more: nothing is stored twice"
	rebuild = "`lakebed rebuild` makes it anew"
	tell    = "this is a fault of the program: keep the lake as it is and report it"
)

var codes = []about{
	{SlotMissing, false, restore + "; a slot is never deleted by Lakebed"},
	{SlotUnreadable, false, restore},
	{SealWrong, false, restore + "; the seals say which generation is current"},
	{HeadersWrong, false, "delete it: it is a cache, which `lakebed compact --all` makes anew"},
	{SuccessorMissing, false, restore},
	{NewerFormat, false, "use the newer lakebed that wrote it"},
	{ForeignData, false, "move it out of the lake"},
	{PartBroken, false, redo},
	{PartCount, false, restore},
	{LineInvalid, false, restore},
	{LineMisplaced, false, restore},
	{LineUnreadable, false, "`lakebed rebuild` widens the columns to what is stored"},
	{IDTwice, false, tell},
	{Accounts, false, restore},
	{FragmentBroken, false, redo},
	{FragmentMissing, false, redo},
	{FragmentLines, false, tell},
	{EventMissing, false, "move the hour's index away: the next `lakebed compact` makes it anew and merges the fragment again"},
	{LedgerBroken, false, restore},
	{LedgerOpen, false, tell},
	{RejectMissing, false, redo},
	{RejectLines, false, tell},
	{RejectBroken, false, redo},
	{ErasureBroken, false, restore + "; until then, erased events may be taken for missing ones"},
	{Location, false, "`lakebed rebuild` sets it right"},
	{Unregistered, false, "`lakebed rebuild` registers it"},
	{Columns, false, "`lakebed rebuild` sets them right"},
	{Orphan, false, "`lakebed compact --all` removes it"},
	{Unswept, false, "it costs only storage; `lakebed compact --all` empties it"},

	{CatalogBehind, true, "`lakebed compact` finishes it"},
	{IndexMissing, true, rebuild},
	{IndexBroken, true, rebuild},
	{IndexStray, true, "it costs only storage, and may be deleted by hand"},
	{Foreign, true, "move it out of the lake"},
	{Unerased, true, "`lakebed erase` was broken off or is under way, or a late copy was rejected: run it again"},
}

// Codes lists every code, breaches first.
func Codes() []Code {
	all := make([]Code, len(codes))
	for i, a := range codes {
		all[i] = a.code
	}
	return all
}

func (c Code) about() about {
	for _, a := range codes {
		if a.code == c {
			return a
		}
	}
	return about{code: c}
}

// Warning tells whether findings of this code are warnings.
func (c Code) Warning() bool { return c.about().warning }

// Remedy says what to do about it.
func (c Code) Remedy() string { return c.about().remedy }
