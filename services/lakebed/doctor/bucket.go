package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/lakebed/lakebed/services/lakebed/config"
	"github.com/lakebed/lakebed/shared/bucket/s3bucket"
	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/layout"
)

// kept are the folders that nothing but Lakebed may take anything from.
var kept = []string{
	layout.Raw, layout.Events, layout.Indexes, layout.LedgerNew, layout.Visits, layout.Erasures, layout.Backfills, layout.Config,
}

// farOff is how wrong a clock may be: a tenth of the least time in which the catalog's writes are said to land matters to nobody.
const farOff = 10 * time.Second

func (x *examination) bucket(ctx context.Context) {
	client, name := cloud.S3(*x.AWS), x.at.Bucket
	bounded := x.lifecycle(ctx, client, name)
	versions, err := client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &name})
	if x.read(err, name) {
		x.want(bounded || versions.Status == "", BucketVersions, name, "versioning is %s, and no rule expires noncurrent versions", versions.Status)
		if theirs, told := middleware.GetServerTime(versions.ResultMetadata); told {
			ours, _ := middleware.GetResponseAt(versions.ResultMetadata)
			off := ours.Sub(theirs).Round(time.Second)
			x.want(off.Abs() <= farOff, Clock, "this machine", "its clock is %s off S3's", off)
		}
	}

	public, err := client.GetPublicAccessBlock(ctx, &s3.GetPublicAccessBlockInput{Bucket: &name})
	if err = unset(err, "NoSuchPublicAccessBlockConfiguration"); x.read(err, name) {
		var c types.PublicAccessBlockConfiguration
		if public != nil && public.PublicAccessBlockConfiguration != nil {
			c = *public.PublicAccessBlockConfiguration
		}
		all := aws.ToBool(c.BlockPublicAcls) && aws.ToBool(c.BlockPublicPolicy) && aws.ToBool(c.IgnorePublicAcls) && aws.ToBool(c.RestrictPublicBuckets)
		x.want(all, BucketPublic, name, "public access is not blocked in all four ways")
	}
	policy, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &name})
	if err = unset(err, "NoSuchBucketPolicy"); x.read(err, name) {
		text := ""
		if policy != nil {
			text = aws.ToString(policy.Policy)
		}
		x.want(conditional(text, x.at.Prefix+layout.Events), BucketPolicy, name, "no statement denies s3:PutObject without If-None-Match or If-Match")
	}
}

// lifecycle wants no rule to take what the lake needs, and tells whether some rule takes the versions that are no longer current.
func (x *examination) lifecycle(ctx context.Context, client *s3.Client, name string) (bounded bool) {
	out, err := client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &name})
	if err = unset(err, "NoSuchLifecycleConfiguration"); !x.read(err, name) {
		return true // nobody knows
	}
	if out != nil {
		for _, r := range out.Rules {
			about, tagged := prefix(r)
			if r.Status != types.ExpirationStatusEnabled || tagged {
				continue
			}
			bounded = bounded || r.NoncurrentVersionExpiration != nil && strings.HasPrefix(x.at.Prefix, about)
			taken := x.taken(about)
			if taken == "" {
				continue
			}
			e := r.Expiration
			x.want(e == nil || e.Days == nil && e.Date == nil, BucketExpiry, name, "rule %q deletes what lies in %s", aws.ToString(r.ID), taken)
			for _, t := range r.Transitions {
				archived := t.StorageClass == types.TransitionStorageClassGlacier || t.StorageClass == types.TransitionStorageClassDeepArchive
				x.want(!archived, BucketArchive, name, "rule %q moves what lies in %s to %s", aws.ToString(r.ID), taken, t.StorageClass)
			}
		}
	}
	return bounded
}

// taken names a folder of the lake that a rule for a prefix is about, "" for none.
func (x *examination) taken(prefix string) string {
	for _, folder := range kept {
		if own := x.at.Prefix + folder; strings.HasPrefix(own, prefix) || strings.HasPrefix(prefix, own) {
			return own
		}
	}
	return ""
}

// prefix is what a rule is about, and whether only what bears a tag, as nothing of Lakebed's does.
func prefix(r types.LifecycleRule) (prefix string, tagged bool) {
	switch {
	case r.Filter == nil:
		return aws.ToString(r.Prefix), false //nolint:staticcheck // older rules have it
	case r.Filter.And != nil:
		return aws.ToString(r.Filter.And.Prefix), len(r.Filter.And.Tags) > 0
	}
	return aws.ToString(r.Filter.Prefix), r.Filter.Tag != nil
}

// unset takes an error by which S3 says that nothing was set for none.
func unset(err error, code string) error {
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == code {
		return nil
	}
	return err
}

// statement is what matters here of one in a bucket's policy, whose texts may each be one or a list.
type statement struct {
	Effect           string
	Action, Resource many[string]
	Condition        struct{ Null map[string]any }
}

type many[T any] []T

func (m *many[T]) UnmarshalJSON(text []byte) error {
	var one T
	if json.Unmarshal(text, &one) == nil {
		*m = many[T]{one}
		return nil
	}
	return json.Unmarshal(text, (*[]T)(m))
}

// conditional tells whether a bucket's policy denies everybody to write below a prefix without a condition.
func conditional(policy, prefix string) bool {
	var p struct{ Statement many[statement] }
	if json.Unmarshal([]byte(policy), &p) != nil {
		return false
	}
	return slices.ContainsFunc(p.Statement, func(s statement) bool {
		return s.Effect == "Deny" && fmt.Sprint(s.Condition.Null["s3:if-none-match"]) == "true" && slices.Contains(s.Action, "s3:PutObject") &&
			slices.ContainsFunc(s.Resource, func(r string) bool { return strings.HasSuffix(r, "/"+prefix+"*") })
	})
}

// givenUp looks for what Lambda gave up, and nobody brought back and deleted.
func (x *examination) givenUp(ctx context.Context) {
	at, err := cloud.ParseLake(x.Settings.Cloud.Failures)
	if err != nil {
		return
	}
	for o, err := range s3bucket.New(cloud.S3(*x.AWS), at).List(ctx, "", "") {
		if x.read(err, at.String()) {
			x.want(false, GivenUp, at.String(), "%s, and perhaps more", o.Key)
		}
		return
	}
}

// claims looks at the table in which ingest notes what it has seen.
func (x *examination) claims(ctx context.Context) {
	s := x.Settings.Cloud
	if s.Claims == config.NoClaims {
		return
	}
	client := dynamodb.NewFromConfig(*x.AWS)
	table, err := client.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &s.ClaimsTable})
	if !x.read(err, s.ClaimsTable) {
		return
	}
	status := table.Table.TableStatus
	x.want(status == dynamotypes.TableStatusActive || status == dynamotypes.TableStatusUpdating, ClaimsInactive, s.ClaimsTable, "it is %s", status)
	key := map[dynamotypes.KeyType]string{}
	for _, k := range table.Table.KeySchema {
		key[k.KeyType] = aws.ToString(k.AttributeName)
	}
	hash, sort := key[dynamotypes.KeyTypeHash], key[dynamotypes.KeyTypeRange]
	x.want(hash == "pk" && sort == "sk", ClaimsKey, s.ClaimsTable, "its key is (%s, %s), want (pk, sk)", hash, sort)
	ttl, err := client.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &s.ClaimsTable})
	if x.read(err, s.ClaimsTable) {
		d := ttl.TimeToLiveDescription
		set := d != nil && aws.ToString(d.AttributeName) == "expires" &&
			(d.TimeToLiveStatus == dynamotypes.TimeToLiveStatusEnabled || d.TimeToLiveStatus == dynamotypes.TimeToLiveStatusEnabling)
		x.want(set, ClaimsExpiry, s.ClaimsTable, "its items do not expire by `expires`")
	}
}
