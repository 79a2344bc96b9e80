package doctor

// Code is a kind of finding.
type Code struct {
	Name     string // for scripts
	Severity Severity
	Meaning  string // what follows from it
	Remedy   string // the way out
}

// Severity says how bad a finding is.
type Severity int

// The severities, the worst first.
const (
	Broken  Severity = iota // events are lost or stand still, or will
	Risk                    // nothing is lost yet
	Unknown                 // it could not be looked at
)

func (s Severity) String() string { return [...]string{"broken", "risk", "unknown"}[s] }

const apply = "`terraform apply` sets it right"

// What can be found.
var (
	Missing = Code{"missing", Broken,
		"part of the deployment is not there, and what needs it stands still",
		"`terraform apply` makes it; or `deployment` in lakebed.yaml names another deployment"}
	Unread = Code{"unread", Unknown,
		"it could not be looked at: it may be well or not",
		"allow the call to whoever runs this, or ask somebody who may"}
	FunctionFails = Code{"function_fails", Broken,
		"the function does not serve: records wait in the stream, or fragments in the bucket",
		"its log says more; a setting or a permission that is missing is the usual cause, and " + apply}
	FunctionInactive = Code{"function_inactive", Broken, "Lambda cannot run the function", "Lambda's reason is given; " + apply + ", or deploy again"}
	FunctionVersion  = Code{"function_version", Risk, "the function runs other code than the zip has", "deploy it: `make deploy`"}
	FunctionOff      = Code{"function_off", Broken,
		"its reserved concurrency is 0: Lambda never starts it",
		apply + "; `reserved_concurrency` says how many"}
	FunctionMemory = Code{"function_memory", Broken,
		"a merge takes more memory than the function has, and is killed again and again",
		"raise the compactor's `memory`, or lower the setting `memory`"}
	FunctionTimeout = Code{"function_timeout", Broken,
		"a visit ends before its first step, as it keeps time back to commit what it has",
		"raise the compactor's `timeout`, or lower `catalog_bound`"}
	FunctionScratch = Code{"function_scratch", Broken,
		"a part under way, and lines that wait to be compared or quarantined, do not fit into /tmp",
		"raise the compactor's `scratch`, or lower `target_size`"}
	RoleLacks      = Code{"role_lacks", Broken, "the function may not do what it has to, and fails", apply}
	SettingDiffers = Code{"setting_differs", Risk,
		"the function and the command line work on one lake by different settings",
		"say it in `settings` of the stream and `terraform apply`, which tells both"}

	MappingMissing  = Code{"mapping_missing", Broken, "nothing takes records off the stream, and they are gone when it no longer keeps them", apply}
	MappingDisabled = Code{"mapping_disabled", Broken,
		"nothing takes records off the stream, and they are gone when it no longer keeps them",
		"enable it once the reason is mended: `ingest = { enabled = true }`"}
	MappingRetries = Code{"mapping_retries", Broken,
		"a batch that fails for ever blocks its shard until the stream drops its records",
		"set `retry_attempts`; " + apply}
	MappingAge = Code{"mapping_age", Broken,
		"a batch that fails for ever blocks its shard until the stream drops its records",
		"set `record_age`; " + apply}
	MappingBisect      = Code{"mapping_bisect", Risk, "one bad record has its whole batch given up", apply}
	MappingResponses   = Code{"mapping_responses", Broken, "Lambda takes a batch that failed in part for done: those records are lost", apply}
	MappingDestination = Code{"mapping_destination", Broken, "records that Lambda gives up are gone", apply}
	MappingProblem     = Code{"mapping_problem", Broken,
		"Lambda cannot read the stream, or start the function",
		"Lambda's own words say which permission or key it lacks; " + apply}
	MappingFilter = Code{"mapping_filter", Broken,
		"Lambda drops records before anybody counts them",
		"delete the filter: what is not wanted belongs into the transform"}
	MappingWindow = Code{"mapping_window", Broken, "in a tumbling window Lambda carries state that ingest does not know, and delays batches", apply}

	StreamInactive  = Code{"stream_inactive", Broken, "the stream takes or gives no records", "AWS says why in its console; " + apply}
	StreamRetention = Code{"stream_retention", Broken,
		"the stream drops records before Lambda gives them up into the bucket",
		"raise `retention_hours`, or lower `record_age`"}

	QueueVisibility = Code{"queue_visibility", Risk,
		"a task comes again while a worker is still at it: nothing is lost, the work is done twice",
		"raise `visibility_timeout`"}
	QueueDeadLetters = Code{"queue_dead_letters", Risk, "a task that fails for ever comes for ever, and no alarm tells", apply}
	QueueMapping     = Code{"queue_mapping", Broken, "no worker takes tasks: fragments wait", "`compactor = { enabled = true }`; " + apply}
	DeadLetters      = Code{"dead_letters", Risk,
		"those hours failed again and again",
		"the compactor's log says why; once that is mended, delete them: the planner sends them anew"}
	ScheduleDisabled = Code{"schedule_disabled", Broken, "nobody looks for work: fragments wait", "`compactor = { enabled = true }`; " + apply}
	ScheduleTarget   = Code{"schedule_target", Broken, "the schedule starts something else: fragments wait", apply}

	ClaimsExpiry   = Code{"claims_expiry", Risk, "claims are kept for ever, and paid for", apply}
	ClaimsInactive = Code{"claims_inactive", Broken,
		"ingest cannot read or write its claims",
		"the table's status says why; a key that is disabled is the usual cause"}
	ClaimsKey = Code{"claims_key", Broken,
		"ingest cannot read or write its claims",
		"delete the table and `terraform apply`: claims are only a memory of some minutes"}

	BucketExpiry = Code{"bucket_expiry", Broken,
		"S3 deletes what the lake needs",
		"delete the rule, or give it a prefix outside the lake; what it took is in earlier versions, if the bucket keeps any"}
	BucketArchive = Code{"bucket_archive", Broken,
		"queries and compaction cannot read what was archived",
		"delete the rule, and restore what it took"}
	BucketVersions = Code{"bucket_versions", Risk,
		"whatever compaction replaces is kept and paid for, for ever",
		"a lifecycle rule that expires noncurrent versions: " + apply}
	BucketPublic      = Code{"bucket_public", Risk, "a policy or an ACL could show the events to everybody", apply}
	BucketPolicy      = Code{"bucket_policy", Risk, "any program may overwrite a part: only Lakebed's own take care not to", apply}
	ConditionalWrites = Code{"conditional_writes", Broken,
		"two writers can overwrite each other's part: events are lost without a trace",
		"use a store that has If-None-Match and If-Match, as S3 has; let nothing stand before it that drops them"}
	Clock = Code{"clock", Risk,
		"this machine's clock is wrong: compaction from here waits too long, or writes too late",
		"set the clock, by NTP"}

	TableWrong = Code{"table_wrong", Broken,
		"queries fail or see nothing, and compaction refuses to write",
		"`lakebed rebuild` sets it right; a table that is not there comes by `terraform apply` first"}
	HourHalted = Code{"hour_halted", Broken,
		"compaction does not touch that hour: what comes for it waits, and `events` stays as it is",
		"do what the text says; the next plan goes on"}
	LocationBehind = Code{"location_behind", Broken,
		"queries of that hour see an older state, or nothing",
		"`lakebed compact --all` sets it right; if it comes again, somebody else writes to the table"}
	CompactionBehind = Code{"compaction_behind", Risk, "`events` is behind; nothing is lost", "see the schedule, the queue and the compactor's log"}
	IngestBehind     = Code{"ingest_behind", Risk,
		"fresh data is late, and records are lost when they become older than the stream keeps them",
		"see ingest's errors and throttles; then more shards, or a higher `parallelization_factor`"}
	GivenUp     = Code{"given_up", Risk, "these records are in no hour yet", "mend the cause, `lakebed replay` them, and delete the objects"}
	AlarmRaised = Code{"alarm_raised", Risk, "CloudWatch has raised an alarm", "its own description says what to do"}

	ConcurrencyAccount = Code{"concurrency_account", Risk,
		"the functions take more than the account may run at once, and are throttled",
		"ask AWS for more concurrent executions, or lower `parallelization_factor` or `workers`"}
	ConcurrencyReserved = Code{"concurrency_reserved", Risk,
		"the function may run less often than it is started: its stream or queue waits",
		"raise `reserved_concurrency`, or lower `parallelization_factor` or `workers`"}
	ShardQuota = Code{"shard_quota", Risk, "the stream cannot be given more shards", "ask AWS for more shards in this region"}
)
