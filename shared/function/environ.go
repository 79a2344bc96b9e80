// Package function is what the Lambda functions have in common beside their work: settings from the environment, and the bounds that
// Lambda sets on memory and time.
package function

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/caarlos0/env/v11"
)

// Load fills the struct that into points to from the variables in its `env` tags; one that is not set or empty has its `envDefault`. What
// is wanted of a variable stands in its `want` tag. Then check calls want once for each rule; it may use the values, of which those that
// could not be read are zero. Every problem is reported at once, one a variable, with the variable, its value and what is wanted.
func Load(into any, getenv func(string) string, check func(want func(ok bool, variable string))) error {
	fields := fields(into)
	values := map[string]string{}
	for _, f := range fields {
		if v := getenv(f.variable); v != "" {
			values[f.variable] = v
		}
	}
	bad := map[string]bool{}
	var all env.AggregateError
	if err := env.ParseWithOptions(into, env.Options{Environment: values}); err != nil && !errors.As(err, &all) {
		return fmt.Errorf("read environment: %w", err)
	}
	for _, err := range all.Errors {
		var parse env.ParseError
		var unset env.VarIsNotSetError
		switch {
		case errors.As(err, &parse):
			bad[variableOf(into, parse.Name)] = true
		case errors.As(err, &unset):
			bad[unset.Key] = true
		default:
			return fmt.Errorf("read environment: %w", err)
		}
	}
	check(func(ok bool, variable string) {
		if !ok {
			bad[variable] = true
		}
	})
	var problems []error
	for _, f := range fields {
		if bad[f.variable] {
			problems = append(problems, f.problem(values))
			delete(bad, f.variable)
		}
	}
	for variable := range bad {
		problems = append(problems, fmt.Errorf("%s: no field has this variable", variable)) // a mistake in check
	}
	return errors.Join(problems...)
}

// Variables lists the variables in the `env` tags of a struct, in their order.
func Variables(of any) []string {
	var names []string
	for _, f := range fields(of) {
		names = append(names, f.variable)
	}
	return names
}

type field struct {
	variable string
	standard string // its default
	want     string
}

func variable(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("env"), ",")
	return name
}

// fields gives the tagged fields of the struct that of points to, those of embedded structs included.
func fields(of any) []field {
	var all []field
	for _, f := range reflect.VisibleFields(reflect.TypeOf(of).Elem()) {
		if name := variable(f); name != "" {
			all = append(all, field{name, f.Tag.Get("envDefault"), f.Tag.Get("want")})
		}
	}
	return all
}

func variableOf(of any, name string) string {
	f, _ := reflect.TypeOf(of).Elem().FieldByName(name)
	return variable(f)
}

func (f *field) problem(values map[string]string) error {
	v, set := values[f.variable]
	switch {
	case set:
		return fmt.Errorf("%s is %q: want %s", f.variable, v, f.want)
	case f.standard != "":
		return fmt.Errorf("%s is not set and stands for %q: want %s", f.variable, f.standard, f.want)
	}
	return fmt.Errorf("%s is not set: want %s", f.variable, f.want)
}
