package policy

import "testing"

func TestAllows(t *testing.T) {
	p, err := Parse(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"s3:PutObject","Resource":["arn:aws:s3:::b/raw/*","arn:aws:s3:::b/x?"]},
		{"Effect":"Allow","Action":["s3:ListBucket"],"Resource":"arn:aws:s3:::b","Condition":{"StringLike":{"s3:prefix":"raw/*"}}},
		{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"},
		{"Effect":"Deny","Action":"s3:*","Resource":"arn:aws:s3:::b/raw/no*","Condition":{"Null":{"s3:if-none-match":"true"}}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		action, resource string
		context          map[string]string
		want             bool
	}{
		{"s3:PutObject", "arn:aws:s3:::b/raw/k", nil, true},
		{"S3:putobject", "arn:aws:s3:::b/xy", nil, true},
		{"s3:PutObject", "arn:aws:s3:::b/xyz", nil, false},
		{"s3:PutObject", "arn:aws:s3:::b/events/k", nil, false},
		{"s3:GetObject", "arn:aws:s3:::b/raw/k", nil, false},
		{"s3:ListBucket", "arn:aws:s3:::b", map[string]string{"s3:prefix": "raw/dt"}, true},
		{"s3:ListBucket", "arn:aws:s3:::b", map[string]string{"s3:prefix": "events/"}, false},
		{"s3:ListBucket", "arn:aws:s3:::b", nil, false},
		{"dynamodb:Query", "arn:x", nil, true},
		{"s3:PutObject", "arn:aws:s3:::b/raw/no", nil, false},
		{"s3:PutObject", "arn:aws:s3:::b/raw/no", map[string]string{"s3:if-none-match": "*"}, true},
	} {
		got, err := Allows([]Policy{p}, Request{test.action, test.resource, test.context})
		if err != nil || got != test.want {
			t.Errorf("%s on %s with %v: %v, %v", test.action, test.resource, test.context, got, err)
		}
	}
	for _, text := range []string{
		`{`, `{"Statement":[{"Effect":"Allow","NotAction":"x","Resource":"*"}]}`,
	} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%s is parsed", text)
		}
	}
	odd, err := Parse(`{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Allows([]Policy{odd}, Request{"a", "b", nil}); err == nil {
		t.Error("an unknown condition is passed over")
	}
}
