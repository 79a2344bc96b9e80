package doctor

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/spf13/pflag"

	"github.com/lakebed/lakebed/services/lakebed/config"
)

// What each function reads of the lake's settings; LAKEBED_MEMORY is its own.
var (
	mappingSettings   = []string{"id-field", "time-field", "name-field"}
	IngestSettings    = slices.Concat(mappingSettings, []string{"max-future", "lanes", "fragment-encoding", "claims", "claims-table", "claim-window"})
	CompactorSettings = slices.Concat(mappingSettings, []string{
		"database", "table", "target-size", "close-after", "major-parts", "major-share", "grace", "live", "longest-query", "catalog-bound",
	})
)

// name is that of a part of the deployment, as the Terraform modules give it.
func (x *examination) name(part string) string { return x.Settings.Cloud.Deployment + "-" + part }

func (x *examination) functions(ctx context.Context) {
	x.ingest = x.function(ctx, "ingest", IngestSettings)
	x.worker = x.function(ctx, "compactor", CompactorSettings)
	if x.worker == nil || x.worker.secret {
		return
	}
	memory := config.Bytes(24 << 20) // the function's own default
	if text := x.worker.env()["LAKEBED_MEMORY"]; text != "" {
		_ = memory.Set(text) // one that is none fails the call
	}
	const mib = 1 << 20
	has, takes := int64(aws.ToInt32(x.worker.MemorySize)), config.Compaction(1, memory)/mib
	x.want(has >= takes, FunctionMemory, x.worker.name, "%d MB; a merge with LAKEBED_MEMORY of %s takes up to %d", has, &memory, takes)
	if x.worker.EphemeralStorage != nil {
		has, takes = int64(aws.ToInt32(x.worker.EphemeralStorage.Size)), scratch(int64(x.Settings.Target), int64(memory))/mib
		x.want(has >= takes, FunctionScratch, x.worker.name, "%d MB of /tmp; a merge with a target_size of %s takes up to %d", has, &x.Settings.Target, takes)
	}
	// As services/compactor/handler does: a tenth of the time, but 5 s at least and 90 at most, and the time in which a write to the catalog lands.
	timeout := seconds(x.worker.Timeout)
	keeps := max(5*time.Second, min(timeout/10, 90*time.Second)) + x.Settings.Cloud.CatalogBound
	x.want(timeout > keeps, FunctionTimeout, x.worker.name, "%s, of which %s are kept back", timeout, keeps)
}

// scratch is about the most that a merge takes of /tmp: a part; its index of 24 bytes an event, a quarter of that where events shrink to 100; as much as the
// part of lines that wait to be compared, and again of those among them that turn out to be conflicts; and what a memory full of lines adds to both at once.
func scratch(target, memory int64) int64 { return 3*target + target/4 + 2*memory }

func (x *examination) function(ctx context.Context, part string, settings []string) *function {
	f := &function{name: x.name(part)}
	var err error
	f.GetFunctionConfigurationOutput, err = x.lambda().GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &f.name})
	if !x.read(err, f.name) {
		return nil
	}
	// Inactive is one that was not called for weeks.
	serves := slices.Contains([]types.State{types.StateActive, types.StateInactive, ""}, f.State)
	x.want(serves, FunctionInactive, f.name, "it is %s: %s", f.State, aws.ToString(f.StateReason))
	x.want(f.LastUpdateStatus != types.LastUpdateStatusFailed, FunctionInactive, f.name, "its last update failed: %s", aws.ToString(f.LastUpdateStatusReason))
	x.version(f, part)
	if e := f.Environment; e != nil && e.Error != nil { // it is encrypted, and this user may not read it
		x.want(false, Unread, f.name, "its variables: %s: %s", aws.ToString(e.Error.ErrorCode), aws.ToString(e.Error.Message))
		f.secret = true
		return f
	}
	x.settings(f, settings)
	return f
}

// version compares the code with that of the zip that is to be deployed.
func (x *examination) version(f *function, part string) {
	if x.Zips == "" {
		return
	}
	name := part + ".zip"
	if slices.Contains(f.Architectures, types.ArchitectureX8664) {
		name = part + "-amd64.zip"
	}
	text, err := os.ReadFile(filepath.Join(x.Zips, name))
	if !x.read(err, f.name) {
		return
	}
	sum := sha256.Sum256(text)
	x.want(aws.ToString(f.CodeSha256) == base64.StdEncoding.EncodeToString(sum[:]), FunctionVersion, f.name, "its code is not that of %s", filepath.Join(x.Zips, name))
}

// settings compares what a function was told with what this program was: both have the same defaults.
func (x *examination) settings(f *function, names []string) {
	said, told := pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
	x.Settings.Register(said)
	config.Default().Register(told)
	env := f.env()
	x.want(env["LAKEBED_LAKE"] == x.at.String(), SettingDiffers, f.name, "LAKEBED_LAKE is %q, the lake is %s", env["LAKEBED_LAKE"], x.at)
	for _, name := range names {
		variable := "LAKEBED_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
		if value, is := env[variable]; is {
			if err := told.Set(name, value); err != nil {
				x.want(false, SettingDiffers, f.name, "%s is %q: %v", variable, value, err)
				continue
			}
		}
		is, want := told.Lookup(name).Value.String(), said.Lookup(name).Value.String()
		x.want(is == want, SettingDiffers, f.name, "%s is %q, this program has %q", variable, is, want)
	}
}

// calls has each function serve once, and do nothing: a batch without records, and a survey of which nothing is told.
func (x *examination) calls(ctx context.Context) {
	for _, call := range []struct {
		f       *function
		payload string
	}{{x.ingest, `{"Records":[]}`}, {x.worker, `{"version":1,"do":"check"}`}} {
		if call.f == nil || call.f.off || !x.Trial {
			continue
		}
		out, err := x.lambda().Invoke(ctx, &lambda.InvokeInput{FunctionName: &call.f.name, Payload: []byte(call.payload)})
		if x.read(err, call.f.name) {
			x.want(out.FunctionError == nil, FunctionFails, call.f.name, "it answers %s with %s", call.payload, out.Payload)
		}
	}
}

func (x *examination) quotas(ctx context.Context) {
	shared := int32(0) // started at once, without a reservation
	for _, c := range []struct {
		f     *function
		takes int32
	}{{x.ingest, x.shards * x.factor}, {x.worker, x.workers + 1}} {
		if c.f == nil {
			continue
		}
		out, err := x.lambda().GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: &c.f.name})
		if !x.read(err, c.f.name) {
			return
		}
		if out.ReservedConcurrentExecutions == nil {
			shared += c.takes
			continue
		}
		has := *out.ReservedConcurrentExecutions
		c.f.off = has == 0
		x.want(!c.f.off, FunctionOff, c.f.name, "reserved concurrency is 0")
		x.want(c.f.off || has >= c.takes, ConcurrencyReserved, c.f.name, "reserved concurrency is %d; it is started up to %d times at once", has, c.takes)
	}
	account, err := x.lambda().GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	if x.read(err, "Lambda's account settings") && account.AccountLimit != nil {
		has := aws.ToInt32(account.AccountLimit.UnreservedConcurrentExecutions)
		x.want(has >= shared, ConcurrencyAccount, "Lambda's account settings", "%d executions at once are not reserved; %d shards × %d, %d workers and the planner, "+
			"as far as they reserve none, take %d", has, x.shards, x.factor, x.workers, shared)
	}
}

func (x *examination) lambda() *lambda.Client { return lambda.NewFromConfig(*x.AWS) }

func seconds(n *int32) time.Duration { return time.Duration(aws.ToInt32(n)) * time.Second }
