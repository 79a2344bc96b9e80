// Package policy evaluates IAM policies as far as Lakebed's own use them: Allow and Deny with actions, resources, and conditions on strings
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html). What it does not know is an error, so that
// nothing counts as allowed by mistake.
package policy

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Policy is a policy document.
type Policy struct {
	Statements []Statement `json:"Statement"`
}

// Statement is one of its statements.
type Statement struct {
	Sid       string                     `json:"Sid"`
	Effect    string                     `json:"Effect"`
	Principal json.RawMessage            `json:"Principal"`
	Actions   list                       `json:"Action"`
	Resources list                       `json:"Resource"`
	Condition map[string]map[string]list `json:"Condition"`
}

// list is a string or several.
type list []string

// UnmarshalJSON takes either form.
func (l *list) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*l = list{one}
		return nil
	}
	var all []string
	err := json.Unmarshal(text, &all)
	*l = all
	return err
}

// Parse reads a document. Elements that are not known here are refused.
func Parse(text string) (Policy, error) {
	var raw struct {
		Statement []map[string]json.RawMessage
	}
	var p Policy
	if err := json.Unmarshal([]byte(text), &raw); err != nil {
		return p, fmt.Errorf("parse policy: %w", err)
	}
	for _, s := range raw.Statement {
		for element := range s {
			if !slices.Contains([]string{"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}, element) {
				return p, fmt.Errorf("parse policy: %q is not evaluated here", element)
			}
		}
	}
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return p, fmt.Errorf("parse policy: %w", err)
	}
	return p, nil
}

// Request is what somebody wants to do.
type Request struct {
	Action   string
	Resource string            // an ARN
	Context  map[string]string // condition keys, such as s3:prefix
}

// Allows tells whether some statement allows a request and none denies it.
func Allows(all []Policy, r Request) (bool, error) {
	allowed := false
	for _, p := range all {
		for _, s := range p.Statements {
			applies, err := s.applies(r)
			if err != nil {
				return false, err
			}
			if applies && s.Effect == "Deny" {
				return false, nil
			}
			allowed = allowed || applies
		}
	}
	return allowed, nil
}

func (s Statement) applies(r Request) (bool, error) {
	if !slices.ContainsFunc(s.Actions, func(a string) bool { return Match(strings.ToLower(a), strings.ToLower(r.Action)) }) ||
		!slices.ContainsFunc(s.Resources, func(a string) bool { return Match(a, r.Resource) }) {
		return false, nil
	}
	for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
		for key, values := range s.Condition[operator] {
			holds, err := condition(operator, values, r.Context[key])
			if err != nil {
				return false, fmt.Errorf("statement %s: %s of %s: %w", s.Sid, operator, key, err)
			}
			if !holds {
				return false, nil
			}
		}
	}
	return true, nil
}

func condition(operator string, values []string, value string) (bool, error) {
	switch operator {
	case "StringEquals", "ArnEquals", "Bool":
		return slices.Contains(values, value), nil
	case "StringLike", "ArnLike":
		return slices.ContainsFunc(values, func(v string) bool { return Match(v, value) }), nil
	case "Null":
		return slices.Contains(values, fmt.Sprint(value == "")), nil
	}
	return false, fmt.Errorf("operator is not evaluated here")
}

// Match matches a pattern with * and ? as IAM does.
func Match(pattern, text string) bool {
	for pattern != "" {
		switch {
		case pattern[0] == '*':
			for i := 0; i <= len(text); i++ {
				if Match(pattern[1:], text[i:]) {
					return true
				}
			}
			return false
		case text == "" || pattern[0] != '?' && pattern[0] != text[0]:
			return false
		}
		pattern, text = pattern[1:], text[1:]
	}
	return text == ""
}
