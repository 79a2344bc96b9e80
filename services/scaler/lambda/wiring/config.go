package wiring

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/lakebed/lakebed/services/scaler"
	"github.com/lakebed/lakebed/shared/function"
)

// Config is the function's settings.
type Config struct {
	Namespace string `env:"LAKEBED_METRICS_NAMESPACE" envDefault:"Lakebed" want:"a CloudWatch namespace: up to 255 printable ASCII characters, not beginning with AWS/ or a colon"`
	Streams   string `env:"LAKEBED_SCALED_STREAMS,required" want:"JSON such as [{\"name\":\"clicks\",\"min\":1,\"max\":10}]"`
}

// Variables lists the environment variables that the function reads, beside those of Lambda and of the SDK.
func Variables() []string { return function.Variables(new(Config)) }

// stream is one of Config.Streams. What is left out has its default.
type stream struct {
	Name    string   `json:"name"`
	Min     int      `json:"min"`
	Max     int      `json:"max"`
	Target  *float64 `json:"target"`
	Calls   *int     `json:"calls"`
	Reserve *int     `json:"reserve"`
	Quiet   *minutes `json:"quiet"`
	Behind  *minutes `json:"behind"`
	DryRun  bool     `json:"dry_run"`
}

// minutes is a duration such as "2h".
type minutes time.Duration

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *minutes) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*m = minutes(d)
	return err
}

// load reports every problem at once.
func load(getenv func(string) string) (c *Config, streams []named, err error) {
	c = new(Config)
	err = function.Load(c, getenv, func(want func(ok bool, variable string)) {
		want(function.Printable(c.Namespace) && !strings.HasPrefix(c.Namespace, "AWS/"), "LAKEBED_METRICS_NAMESPACE")
	})
	if c.Streams == "" {
		return c, nil, err
	}
	streams, problem := parse(c.Streams)
	if problem != nil {
		problem = fmt.Errorf("LAKEBED_SCALED_STREAMS: %w", problem)
	}
	return c, streams, errors.Join(err, problem)
}

// named is the settings of a stream.
type named struct {
	name     string
	settings scaler.Settings
}

func parse(text string) (all []named, err error) {
	var streams []stream
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	if err := d.Decode(&streams); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the list")
	}
	if len(streams) == 0 {
		return nil, errors.New("no stream: want one or more")
	}
	seen := map[string]bool{}
	var errs []error
	for i, s := range streams {
		name := s.Name
		if name == "" || !function.Printable(name) {
			errs = append(errs, fmt.Errorf("the name of stream %d is %q: want that of a stream", i+1, name))
		} else if seen[name] {
			errs = append(errs, fmt.Errorf("stream %s is there twice", name))
		}
		seen[name] = true
		settings := s.settings()
		if err := settings.Check(); err != nil {
			errs = append(errs, fmt.Errorf("stream %s: %s", name, strings.ReplaceAll(err.Error(), "\n", "; ")))
		}
		all = append(all, named{name, settings})
	}
	return all, errors.Join(errs...)
}

func (s *stream) settings() scaler.Settings {
	of := scaler.Default(s.Min, s.Max)
	set(&of.Target, s.Target)
	set(&of.Calls, s.Calls)
	set(&of.Reserve, s.Reserve)
	set(&of.Quiet, (*time.Duration)(s.Quiet))
	set(&of.Behind, (*time.Duration)(s.Behind))
	of.DryRun = s.DryRun
	return of
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}
