package doctor

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lakebed/lakebed/shared/cloud"
)

// TestLifecycle: what rules take from the lake, and whether one takes what is no longer current.
func TestLifecycle(t *testing.T) {
	const days = "<Days>30</Days>"
	expiring := func(filter string) string {
		return fmt.Sprintf("<Rule><ID>r</ID><Status>Enabled</Status>%s<Expiration>%s</Expiration></Rule>", filter, days)
	}
	for name, c := range map[string]struct {
		rules   string
		want    []string
		bounded bool
	}{
		"fragments":          {expiring("<Filter><Prefix>lake/raw/</Prefix></Filter>"), []string{"bucket_expiry"}, false},
		"one day of parts":   {expiring("<Filter><Prefix>lake/events/dt=2026</Prefix></Filter>"), []string{"bucket_expiry"}, false},
		"everything":         {expiring("<Filter></Filter>"), []string{"bucket_expiry"}, false},
		"everything, of old": {expiring("<Prefix></Prefix>"), []string{"bucket_expiry"}, false},
		"what is large":      {expiring("<Filter><And><Prefix>lake/</Prefix><ObjectSizeGreaterThan>9</ObjectSizeGreaterThan></And></Filter>"), []string{"bucket_expiry"}, false},
		"what has a tag":     {expiring("<Filter><Tag><Key>k</Key><Value>v</Value></Tag></Filter>"), nil, false},
		"the quarantine":     {expiring("<Filter><Prefix>lake/quarantine/</Prefix></Filter>"), nil, false},
		"another lake":       {expiring("<Filter><Prefix>lake2/</Prefix></Filter>"), nil, false},
		"an archive": {"<Rule><Status>Enabled</Status><Filter><Prefix>lake/</Prefix></Filter><Transition>" + days + "<StorageClass>DEEP_ARCHIVE</StorageClass></Transition></Rule>",
			[]string{"bucket_archive"}, false},
		"a colder shelf": {"<Rule><Status>Enabled</Status><Filter><Prefix>lake/</Prefix></Filter><Transition>" + days + "<StorageClass>STANDARD_IA</StorageClass></Transition></Rule>",
			nil, false},
		"versions": {"<Rule><Status>Enabled</Status><Filter></Filter><NoncurrentVersionExpiration><NoncurrentDays>7</NoncurrentDays></NoncurrentVersionExpiration></Rule>",
			nil, true},
		"versions of results": {"<Rule><Status>Enabled</Status><Filter><Prefix>athena/</Prefix></Filter><NoncurrentVersionExpiration><NoncurrentDays>7</NoncurrentDays></NoncurrentVersionExpiration></Rule>",
			nil, false},
		"nothing yet": {"<Rule><Status>Disabled</Status><Filter></Filter><Expiration>" + days + "</Expiration></Rule>", nil, false},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "<LifecycleConfiguration>"+c.rules+"</LifecycleConfiguration>")
		}))
		client := cloud.S3(aws.Config{Region: "eu-central-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")})
		x := &examination{at: cloud.Lake{Bucket: "b", Prefix: "lake/"}}
		bounded := x.lifecycle(t.Context(), client, "b")
		server.Close()
		var got []string
		for _, f := range x.findings {
			got = append(got, f.Code.Name)
		}
		if !slices.Equal(got, c.want) || bounded != c.bounded {
			t.Errorf("%s: found %v, versions go: %t", name, got, bounded)
		}
	}
}

func TestConditional(t *testing.T) {
	const null = `"Condition": {"Null": {"s3:if-none-match": "true", "s3:if-match": "true"}}`
	const deny = `"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/lake/events/*", `
	for policy, want := range map[string]bool{
		`{"Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}, {` + deny + null + `}]}`:                                               true,
		`{"Statement": {` + deny + null + `}}`:                                                                                                        true,
		`{"Statement": [{"Effect": "Deny", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": ["arn:aws:s3:::b/lake/events/*"], ` + null + `}]}`: true,
		`{"Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/lake/events/*", ` + null + `}]}`:                    false,
		`{"Statement": [{"Effect": "Deny", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/other/events/*", ` + null + `}]}`:                    false,
		`{"Statement": [{"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::b/lake/events/*", ` + null + `}]}`:                  false,
		`{"Statement": [{` + deny + `"Condition": {"Null": {"s3:if-none-match": "false"}}}]}`:                                                         false,
		`{"Statement": []}`: false, ``: false, `[]`: false,
	} {
		if got := conditional(policy, "lake/events/"); got != want {
			t.Errorf("%s: %t", policy, got)
		}
	}
}
