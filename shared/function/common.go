package function

import (
	"strings"

	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/event"
)

// Common is the settings that every function has.
type Common struct {
	LakeURL   string `env:"LAKEBED_LAKE,required" want:"s3://bucket or s3://bucket/prefix"`
	IDField   string `env:"LAKEBED_ID_FIELD" envDefault:"event_uuid" want:"the dotted path of the event's id"`
	TimeField string `env:"LAKEBED_TIME_FIELD" envDefault:"created_at" want:"the dotted path of the event's time, not inside that of its id"`
	NameField string `env:"LAKEBED_NAME_FIELD" envDefault:"event_name" want:"the dotted path of the event's name, not inside those of its id and time"`
	Namespace string `env:"LAKEBED_METRICS_NAMESPACE" envDefault:"Lakebed" want:"a CloudWatch namespace: up to 255 printable ASCII characters, not beginning with AWS/ or a colon"`
	Stream    string `env:"LAKEBED_STREAM,required" want:"the stream's name, for the metrics: up to 255 printable ASCII characters, not beginning with a colon"`
}

// Lake is where the lake lies.
func (c *Common) Lake() cloud.Lake {
	lake, _ := cloud.ParseLake(c.LakeURL) // checked
	return lake
}

// Mapping says which fields carry what.
func (c *Common) Mapping() event.Mapping {
	return event.Mapping{ID: c.IDField, Time: c.TimeField, Name: c.NameField}
}

// Check judges the common settings.
func (c *Common) Check(want func(ok bool, variable string)) {
	_, err := cloud.ParseLake(c.LakeURL)
	want(err == nil, "LAKEBED_LAKE")
	whole := true
	for _, f := range []struct{ path, variable string }{
		{c.IDField, "LAKEBED_ID_FIELD"}, {c.TimeField, "LAKEBED_TIME_FIELD"}, {c.NameField, "LAKEBED_NAME_FIELD"},
	} {
		ok := mappable(f.path, f.path, "")
		want(ok, f.variable)
		whole = whole && ok
	}
	if whole && !mappable(c.IDField, c.TimeField, "") {
		want(false, "LAKEBED_TIME_FIELD")
	} else if whole {
		want(mappable(c.IDField, c.TimeField, c.NameField), "LAKEBED_NAME_FIELD")
	}
	want(Printable(c.Namespace) && !strings.HasPrefix(c.Namespace, "AWS/"), "LAKEBED_METRICS_NAMESPACE")
	want(Printable(c.Stream), "LAKEBED_STREAM")
}

func mappable(id, time, name string) bool {
	_, err := event.NewDecoder(event.Mapping{ID: id, Time: time, Name: name}, 0)
	return err == nil
}

// Printable tells whether s can be a namespace or the value of a dimension
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html).
func Printable(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return len(s) <= 255 && strings.TrimSpace(s) != "" && s[0] != ':'
}
