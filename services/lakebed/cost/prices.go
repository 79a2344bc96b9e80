package cost

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/goccy/go-yaml"
)

// Known is the price file that comes with the program.
//
//go:embed prices.yaml
var Known []byte

// Prices is a dated list of what AWS asks for, of what the code takes, and of where AWS stops.
type Prices struct {
	Date, Region     string
	of               map[string][]step
	measured, limits map[string]float64
}

// step is a price that holds up to a month's total; 0: for all beyond.
type step struct {
	UpTo float64 `yaml:"up_to"`
	USD  float64 `yaml:"usd"`
}

// Read gives the prices that a file has, and those of the program for names that it leaves out. No text: those of the program.
func Read(text []byte) (*Prices, error) {
	known, err := parse(Known)
	if err != nil || text == nil {
		return known, err
	}
	own, err := parse(text)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(replace("price", known.of, own.of), replace("measured", known.measured, own.measured), replace("limit", known.limits, own.limits)); err != nil {
		return nil, err
	}
	known.Date, known.Region = own.Date, own.Region
	return known, nil
}

// replace puts one's own values in the place of those that are known.
func replace[V any](what string, known, own map[string]V) error {
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if _, ok := known[name]; !ok {
			return fmt.Errorf("nothing has the %s %s: `lakebed cost --show-prices` lists the names", what, name)
		}
	}
	maps.Copy(known, own)
	return nil
}

func parse(text []byte) (*Prices, error) {
	var file struct {
		Date, Region     string
		Prices           map[string]any
		Measured, Limits map[string]float64
	}
	if err := yaml.UnmarshalWithOptions(text, &file, yaml.Strict()); err != nil {
		return nil, errors.New(yaml.FormatError(err, false, false))
	}
	if file.Date == "" || file.Region == "" || len(file.Prices)+len(file.Measured)+len(file.Limits) == 0 {
		return nil, errors.New("want a date, a region, and prices, measured or limits, so that it can be told what they are")
	}
	p := &Prices{Date: file.Date, Region: file.Region, of: map[string][]step{}, measured: file.Measured, limits: file.Limits}
	for _, some := range []map[string]float64{p.measured, p.limits} {
		for name, n := range some {
			if !(n > 0) || math.IsInf(n, 0) {
				return nil, fmt.Errorf("%s: want a number above 0", name)
			}
		}
	}
	for name, value := range file.Prices {
		steps, err := stepsOf(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		p.of[name] = steps
	}
	return p, nil
}

func stepsOf(value any) ([]step, error) {
	text, err := yaml.Marshal(value)
	if err != nil {
		return nil, err
	}
	var one float64
	var steps []step
	if yaml.Unmarshal(text, &one) == nil {
		steps = []step{{USD: one}}
	} else if err := yaml.UnmarshalWithOptions(text, &steps, yaml.Strict()); err != nil || len(steps) == 0 {
		return nil, errors.New("want a number of dollars, or steps such as {up_to: 500, usd: 0.02}")
	}
	for i, s := range steps {
		last := i == len(steps)-1
		if !(s.USD >= 0) || last != (s.UpTo == 0) || i > 0 && !last && !(s.UpTo > steps[i-1].UpTo) {
			return nil, errors.New("want dollars of 0 or more, and steps that grow, the last without up_to")
		}
	}
	return steps, nil
}

// cost is what an amount comes to.
func (p *Prices) cost(name string, amount float64) float64 {
	usd, from := 0.0, 0.0
	for _, s := range p.of[name] {
		to := amount
		if s.UpTo > 0 {
			to = min(amount, s.UpTo)
		}
		usd += max(0, to-from) * s.USD
		from = max(from, to)
	}
	return usd
}
