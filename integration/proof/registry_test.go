package proof

// Whoever injects another fault, or one in another way, names the test here; whoever removes a test finds out what it stood for.

// row is one fault of the fault table.
type row struct {
	number int
	fault  string
	keeps  string   // the invariants that must hold
	tests  []string // "folder Test", or "folder Test/subtest": see parseRef
	reason string   // why it, or what of it, cannot be injected here
}

// Folders that many rows name.
const (
	faults  = "integration/faults TestFaults/" // the built functions on an emulator, behind a proxy
	ingest  = "services/ingest "
	poison  = ingest + "TestFaults/" // data through a whole delivery; the number stands for all subtests that begin with it
	compact = "services/compactor "
	branch  = compact + "TestBranches/"
	halt    = compact + "TestHalts/"
	store   = "shared/bucket/s3bucket "
	damage  = "shared/verify TestEachDamageIsNamed/"
	kinds   = "integration/damage TestDamage"          // a whole lake of the built program, each kind of object damaged in each way
	world   = "integration/simulation TestSimulation/" // what must have happened in a thousand worlds, and is counted there
	orders  = "integration/explorer TestExplorer"      // every order of the calls of a few processes
)

// registry holds every fault once, in the order of the numbers.
var registry = []row{
	// From the stream to fragments.
	{1, "killed before the first put", "I1 I6", []string{faults + "crash before the first put", ingest + "TestFailAnywhere", "integration/local TestKill",
		world + "fault: crash of ingest"}, ""},
	{2, "killed between two puts of a delivery", "I1 I2 I6", []string{
		faults + "crash between puts", faults + "crash after a put", ingest + "TestFailAnywhere",
		world + "fault: put before its effect"}, ""},
	{3, "killed behind the data, before the claims", "I1 I2", []string{faults + "crash before the claims are settled", ingest + "TestFailAnywhere",
		world + "fault: settle before its effect"}, ""},
	{4, "killed behind the claims, before the data", "I1", []string{
		faults + "crash after the claim, before the put", faults + "crash halfway through the claims", ingest + "TestNoClaimWithoutStore", ingest + "TestLaterCopyOwnsTheID",
		world + "fault: claim reply lost"}, ""},
	{5, "killed before the reply", "I2", []string{faults + "crash before the reply", ingest + "TestFailAnywhere",
		world + "fault: settle reply lost"}, ""},
	{6, "a put that lands after the next try has begun", "I2 I6 I9", []string{faults + "a put lands after the next try", ingest + "TestFailAnywhere",
		world + "fault: put lands late"}, ""},
	{7, "a put lands, its reply is lost, the second try is refused", "I1 I2", []string{
		faults + "the reply of a put is lost", store + "TestPutEcho", "integration/contract TestBucketReplyLost",
		world + "fault: put reply lost"}, ""},
	{8, "409 on a conditional put", "I1", []string{faults + "conflicting requests", store + "TestPutAgain", store + "TestPutRefused"}, ""},
	{9, "the store is slow, broken or gone, for a while or for ever", "I1 I12 I15", []string{
		faults + "slow down", faults + "internal error", faults + "request timeout", faults + "connection reset", faults + "slow down for ever",
		"services/ingest/handler TestInvokeEndsBeforeLambdaKills", "integration/lambda TestIngestEndsInTime"}, ""},
	{10, "the store or its key refuses", "I1", []string{
		faults + "forbidden once", faults + "key disabled for ever", faults + "forbidden to account", "services/ingest/handler TestInvokeFails"}, ""},
	{11, "the same delivery again, whole, in part, and cut otherwise", "I2 I6", []string{
		faults + "delivered again, cut otherwise", ingest + "TestDeliveredAgain", "services/lakebed/host TestBackfillIsDeterministic",
		world + "fault: delivered again, cut anew", world + "fault: delivered again after success"}, ""},
	{12, "one event in two shards, and over a reshard", "I2", []string{
		faults + "one event in two shards", "integration/faults TestReshard", ingest + "TestOtherShard", compact + "TestMinorDropsCopies",
		world + "fault: in two shards"}, ""},
	{13, "out of order, ten at once", "I2", []string{faults + "out of order", "shared/claims TestWindowModel"}, ""},
	{14, "two invocations on the same records", "I2", []string{faults + "two invocations at once",
		world + "fault: given up while it runs"}, ""},
	{15, "claims throttled, refused to their own retry, expired late or early", "I1 I2", []string{
		faults + "claims throttled", faults + "own claims found on a retry", "integration/contract TestClaims",
		"shared/claims TestWindowForgetsByAge", "shared/claims TestWindowLoad",
		world + "fault: claim lands late"}, ""},
	{16, "claims lost, or restored from an old backup", "I1", []string{faults + "claims lost", "shared/claims TestBoltDamaged", compact + "TestMinorDropsCopies"},
		"a backup of DynamoDB cannot be restored here: to a delivery it is a table that knows less, as a lost one"},
	{17, "one id, two bodies", "I4", []string{
		ingest + "TestOtherShard", ingest + "TestConflictInOneDelivery", compact + "TestConflict", compact + "TestManyConflicts", "shared/event TestFingerprint",
		world + "fault: id with another body"}, ""},
	{18, "no id, an empty one, one that is no string, a giant", "I4", []string{poison + "18", "shared/event TestFaults"}, ""},
	{19, "no disk, no memory", "I1 I12", []string{
		"integration/local TestDiskFull", "integration/local TestBig", "services/ingest/kpl TestNoMemory", "shared/function TestLimitMemory", compact + "TestLargerThanMemory",
		"integration/damage TestLakeOnAFullDisk", "integration/damage TestScratchOnAFullDisk", "integration/damage TestFilesLimited"}, ""},
	{20, "a list of failed records with ids that are unknown, twice there, or empty", "I1", []string{faults + "bad lists of failures", "services/ingest/handler TestInvokeFails"}, ""},
	{21, "a record outlives its retries", "I5", []string{
		faults + "retries exhausted, then replayed", "integration/cloudcli TestReplayFailures", "services/ingest/envelope TestDecodeFailure"}, ""},
	{22, "aggregates: good, broken, nested, empty, of ten thousand", "I4 I12", []string{
		faults + "aggregated records", ingest + "TestAggregate", ingest + "TestBrokenAggregate", ingest + "TestAggregateSizes", ingest + "FuzzAggregate",
		"services/ingest/kpl TestBroken"}, ""},
	{23, "compressed payloads, bombs among them", "I4 I13", []string{poison + "23", ingest + "TestCompressed"}, ""},
	{24, "a record of 1 MiB, of 10 MiB", "I4 I12", []string{poison + "24", ingest + "TestAggregateSizes", "shared/event TestLargeDocuments"},
		"that Lambda's payload holds 6 MB is AWS's: its poller cuts a delivery, or sends the record to the destination of failures, which is 21"},
	{25, "no bytes, or white space", "I4", []string{poison + "25", "shared/event TestRecords"}, ""},

	// Poison, each alone and between two good lines.
	{26, "a byte order mark", "I4 I7 I8 I12", []string{poison + "26", "shared/event TestFaults"}, ""},
	{27, "what is no UTF-8", "I4 I7 I8 I12", []string{poison + "27", "shared/event TestFaults", "shared/event TestSyntax"}, ""},
	{28, "half a surrogate pair", "I4 I7 I8 I12", []string{poison + "28", "shared/event TestFaults"}, ""},
	{29, "raw control characters in a string", "I4 I7 I8 I12", []string{poison + "29", "shared/event TestFaults"}, ""},
	{30, "an escaped NUL", "I4 I7 I8 I12", []string{poison + "30", "integration/athena TestAthena/Minefield"}, ""},
	{31, "the line separators of Unicode", "I4 I7 I8 I12", []string{poison + "31", "integration/athena TestAthena/Minefield"}, ""},
	{32, "a key twice", "I4 I7 I8 I12", []string{poison + "32", "shared/event TestDuplicates", "integration/athena TestAthena/Minefield"}, ""},
	{33, "keys that differ in case alone", "I4 I7 I8 I12", []string{poison + "33", "shared/event TestFold", "integration/athena TestAthena/Minefield"}, ""},
	{34, "nested deeply", "I4 I7 I8 I12", []string{poison + "34", "shared/event TestFaults", "integration/athena TestAthena/Minefield"}, ""},
	{35, "numbers that no float holds", "I4 I7 I8 I12", []string{poison + "35", "integration/athena TestAthena/Minefield", "services/lakebed/sql TestNumbersInStrings"}, ""},
	{36, "NaN and infinity", "I4 I7 I8 I12", []string{poison + "36", "shared/event TestSyntax"}, ""},
	{37, "what other dialects of JSON allow", "I4 I7 I8 I12", []string{poison + "37", "shared/event TestSyntax"}, ""},
	{38, "several documents in a record, and pretty-printed ones", "I4 I7 I8 I12", []string{poison + "38", "shared/event TestRecords"}, ""},
	{39, "JSON that is no object", "I4 I7 I8 I12", []string{poison + "39", "integration/athena TestAthena/Minefield"}, ""},
	{40, "cut off", "I4 I7 I8 I12", []string{poison + "40", "shared/event TestRecords", "shared/event TestPieceAloneIsJudgedAlike"}, ""},
	{41, "very long, very many, very strange", "I4 I7 I8 I12", []string{
		poison + "41", "shared/schema TestLimitsBoundTheInferrer", "shared/schema TestInferrerStaysSmall", "integration/athena TestAthena/Wide"}, ""},
	{42, "a field of two types", "I4 I7 I8 I12", []string{
		poison + "42", compact + "TestEvolve", compact + "TestEvolveBeforeCommit", "shared/schema TestPropertyWhatWasSeenFits", "integration/athena TestAthena/Evolution"}, ""},

	// Time and partitions.
	{43, "years ago, years ahead, in other units, negative", "I1 I13", []string{poison + "43", "shared/event TestParseTimeIsExact", ingest + "TestTooManyHours"}, ""},
	{44, "ahead by a second, an hour, ten years", "I1 I13", []string{poison + "44", "shared/event TestArrival"}, ""},
	{45, "offsets, changes of the clock, leap seconds, no zone", "I6", []string{poison + "45", "shared/event TestParseTimeAgainstStandard", "shared/layout TestPartitionOf"}, ""},
	{46, "at the border of hours, over midnight, arrived in another hour", "I2 I6", []string{poison + "46", ingest + "TestOverMidnight"}, ""},
	{47, "a fragment comes after its hour was compacted", "I2 I3 I11", []string{
		compact + "TestLateFragments", compact + "TestLateAThousandTimes", compact + "TestMajorNotForALateEvent", compact + "TestMajorIsFinished"}, ""},
	{48, "clocks that are off, or go back", "I9 I10", []string{
		compact + "TestClockSkew", ingest + "TestWritersClock", "shared/claims TestWindowClockBack", "shared/bucket TestMemoryClock",
		world + "clocks that are off"}, ""},
	{49, "values that would be a key of their own", "I13", []string{poison + "49", "shared/layout TestHostileNames", "shared/layout FuzzKeys", "shared/bucket TestDir"},
		"no value of an event becomes part of a key but its time, as a number of hours"},
	{50, "a delivery over more partitions than there may be", "I13", []string{ingest + "TestTooManyHours", ingest + "TestTooManyPieces", "services/lakebed/host TestBackfillOfManyHours"},
		"a million in one delivery do not fit into it: an hour needs an event, and the payload is bounded; the cap is tried at its border"},

	// The compactor.
	{51, "killed between any two calls", "I1 I2 I3 I11", []string{
		faults + "crash before each call", faults + "crash after each call", compact + "TestCrashAnywhere", compact + "TestFaultAnywhere",
		compact + "TestReprocessCrashAnywhere", compact + "TestEraseCrashAnywhere",
		world + "fault: crash of worker", world + "fault: crash of round", "integration/faults TestKilledAtRandom", orders}, ""},
	{52, "several compactors at once", "I2 I9", []string{
		faults + "three compactors at once", faults + "a part comes before the seal", compact + "TestSeveralAtOnce", branch + "seal: lost to a data part, which is copied",
		branch + "seal: lost to a seal, gives up", "integration/local TestTwoCompactorsAndAReader",
		world + "compactor: lost a race", orders}, ""},
	{53, "a run that slept for a week goes on", "I9 I10", []string{
		faults + "a stale run goes on", compact + "TestZombie", branch + "successor: a part was swept meanwhile, plans again", branch + "sweep: a slot was emptied by another",
		world + "fault: stall of worker", orders}, ""},
	{54, "a task twice, at once or again", "I2", []string{
		faults + "the same task twice", branch + "create: a twin's equal part", "services/compactor/handler TestWorkGoesOn",
		world + "fault: task given twice"}, ""},
	{55, "a dead run's write lands", "I9", []string{faults + "a dead run's writes land late", compact + "TestCrashAnywhere", compact + "TestOrphanWithGaps",
		world + "late writes landed", orders}, ""},
	{56, "an upload in parts breaks off", "I11", []string{
		faults + "a part upload is broken off", store + "TestPutBrokenBody", store + "TestPutAbortEnds", "infra/modules/lake/tests by_default"},
		"more than 10,000 parts are 80 GB; a part below 5 MiB is never sent, since the part size is a constant"},
	{57, "a part is damaged, or read damaged", "I1", []string{
		faults + "a part is read damaged", compact + "TestDamagedPart", branch + "successor: a part is damaged", store + "TestGetBroken", damage + "bit flipped in a part",
		world + "fault: get halfway", world + "fault: somebody flips a bit of a part", kinds}, ""},
	{58, "a fragment that cannot be read", "I12", []string{
		faults + "fragments that cannot be read", compact + "TestBrokenFragments", compact + "TestFlippedFragments", damage + "fragment cut off",
		world + "fault: somebody cuts a fragment", kinds}, ""},
	{59, "a listing that leaves out, repeats, reorders or ends", "I2", []string{
		store + "TestListFaults", store + "TestListAfterMissingKey", compact + "TestListIsAHint", "integration/contract TestBucketContract", "shared/bucket TestMemory"}, ""},
	{60, "very many fragments, very large ones, empty ones", "I11", []string{
		compact + "TestManyFragmentsManyRuns", compact + "TestLargerThanMemory", compact + "TestDeadline", compact + "TestTargetSize", ingest + "TestNoEmptyFragments", "integration/local TestBig"},
		"two thousand fragments stand for a hundred thousand, and a fragment of a hundred times the memory for one of 5 GB, which no delivery can make; " +
			"nor does ingest write empty ones: one is somebody else's, and broken (58)"},
	{61, "the create is lost again and again; a seal or header missing, corrupt or newer", "I9", []string{
		branch + "create: taken by another lane three times", branch + "create: taken by the same lane, plans again", branch + "create: taken by a seal, plans again",
		halt + "61 header of a part corrupt", halt + "61 header of a seal corrupt", halt + "61 seal deleted", halt + "61 seal of a swept generation deleted",
		halt + "61 seal of a swept generation and catalog lost", halt + "61 newer seal", damage + "header of a seal wiped out",
		world + "create: taken by a seal", kinds}, ""},
	{62, "a name used again after it was swept", "I9", []string{compact + "TestNamesAreNotUsedAgain", compact + "TestSweep", compact + "TestOrphanWithGaps", "shared/layout TestGenerations",
		orders}, ""},
	{63, "swept while a reader reads", "I3", []string{
		compact + "TestReaderWithinTheGrace", compact + "TestSweepWaitsForLive", "services/compactor/lambda/wiring TestGraceIsLongEnough", "integration/athena TestAthena/Reader",
		"services/lakebed/sql TestVanishedObject",
		world + "queries: live", orders},
		"a query that takes longer than the grace reads empty parts: the bound is documented, and a grace below the longest query is refused"},
	{64, "a deletion is done for some keys only", "I10 I11", []string{
		faults + "a deletion fails for some keys", store + "TestDeleteKeys", branch + "sweep: a deletion fails", compact + "TestDeletionsRefused",
		world + "fault: delete before its effect"}, ""},
	{65, "old versions restored, deletions refused", "I2 I10", []string{compact + "TestRestored", compact + "TestDeletionsRefused", damage + "old generation never swept",
		world + "fault: somebody restores a fragment", "integration/damage TestRestoredFragments"},
		"versions, locks and MFA are S3's own: what they do to Lakebed is an object that comes back, or a deletion that is refused"},
	{66, "a person or a rule deletes or moves an object", "I15", []string{
		compact + "TestMissingSlot", compact + "TestArchived", halt + "66 first slot deleted", halt + "66 successor deleted", halt + "66 a part copied over another", halt + "66 something foreign among the parts",
		damage + "slot in the middle deleted", damage + "fragment that waits deleted", damage + "successor deleted",
		world + "fault: somebody deletes a part", "integration/damage TestDeletedFragment", "integration/damage TestDeletedPart", "integration/damage TestDeletedSeal"}, ""},
	{67, "Glue refuses, throttles, forgets, or takes the last writer's word", "I14", []string{
		faults + "Glue refuses calls", faults + "Glue refuses single partitions", faults + "a write to Glue does not land", faults + "the last writer set a Location back",
		"shared/catalog/gluecatalog TestSetPartitions", "shared/catalog/gluecatalog TestSetTableRefused", compact + "TestLastWriterWins", compact + "TestFollowerAfterRepair",
		world + "fault: set partition lands late", world + "fault: somebody sets a Location back", orders}, ""},
	{68, "the table or a Location is changed or dropped by others", "I14", []string{
		faults + "the table is dropped", faults + "a column that is not ours", faults + "a Location outside the lake",
		"shared/catalog/gluecatalog TestTableChanged", "shared/catalog/gluecatalog TestDropped", compact + "TestRepair", compact + "TestRebuild",
		world + "fault: somebody deletes the catalog", "integration/damage TestDeletedCatalog"}, ""},
	{69, "older code beside newer", "I9", []string{
		halt + "69 newer part", halt + "69 newer swept slot", compact + "TestHaltsAtNewerTombstones", "shared/ledger TestNewerVersion",
		"services/lakebed/command TestNewerFormatExitCode", "services/lakebed/host TestBadMark", "shared/catalog/gluecatalog TestTableChanged/newer record",
		damage + "newer part", damage + "newer ledger entry", damage + "newer tombstones"}, ""},
	{70, "backfill and replay beside live ingest, killed, and again", "I2 I5 I6", []string{
		"integration/local TestBackfillBesideRun", "integration/local TestBackfillKilled", "integration/local TestReplay", "integration/cloudcli TestBackfill",
		"integration/cloudcli TestReplayQuarantine", ingest + "TestReplayKeepsIdentity", ingest + "TestFaults",
		world + "fault: crash of replay"}, ""},
}
