// Package proxy stands between a program and an AWS emulator: it records every call, and puts faults into them that no emulator has.
package proxy

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Fault is what happens to one call. The zero Fault forwards it.
type Fault struct {
	Hold   <-chan struct{}              // wait for it, or for the test's end, before the call is forwarded, whatever becomes of the caller
	Answer *Answer                      // instead of forwarding
	Lose   Side                         // close the connection instead of answering
	Do     func()                       // called at the side of Lose, or before the call is forwarded
	Edit   func(a *Answer, body []byte) // change the reply; body is the request's
}

// Side is when: before the call takes effect, or after.
type Side int

// Neither stands for a reply that arrives.
const (
	Neither Side = iota
	Before
	After
)

// Answer is a reply.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Hook decides on a call; it is called by one at a time, and must make none itself.
type Hook func(Call) Fault

// Proxy is running.
type Proxy struct {
	URL    string
	target *url.URL
	client *http.Client
	ended  chan struct{} // with the test: what is held then is never forwarded

	mu    sync.Mutex
	hook  Hook
	trace []Call
}

// New starts a proxy before the endpoint at target, until the test ends.
func New(t testing.TB, target string) *Proxy {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{target: to, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}, ended: make(chan struct{})}
	s := httptest.NewServer(p)
	p.URL = s.URL
	t.Cleanup(func() {
		close(p.ended)
		s.CloseClientConnections()
		s.Close()
		p.client.CloseIdleConnections()
	})
	return p
}

// Set puts a hook in the old one's place; nil forwards everything.
func (p *Proxy) Set(h Hook) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.hook = h
}

// Trace gives the calls so far and forgets them.
func (p *Proxy) Trace() []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	trace := p.trace
	p.trace = nil
	return trace
}

// begin records a call and asks for its fault. A DeleteObjects is a call for each key.
func (p *Proxy) begin(c Call, body []byte) Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.Op == "DeleteObjects" {
		for _, key := range keys(body) {
			one := c
			one.Resource = strings.TrimSuffix(c.Resource, "/") + "/" + key
			p.trace = append(p.trace, one)
		}
	} else {
		p.trace = append(p.trace, c)
	}
	if p.hook == nil {
		return Fault{}
	}
	return p.hook(c)
}

// ServeHTTP forwards one call under its fault.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the caller broke off
	}
	f := p.begin(classify(r, body), body)
	if f.Hold != nil {
		select {
		case <-f.Hold:
		case <-p.ended:
			panic(http.ErrAbortHandler)
		}
	}
	if f.Do != nil && f.Lose != After {
		f.Do()
	}
	if f.Lose == Before {
		panic(http.ErrAbortHandler)
	}
	answer := f.Answer
	if answer == nil {
		if answer, err = p.forward(r, body); err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
	}
	if f.Edit != nil {
		f.Edit(answer, body)
	}
	if f.Lose == After {
		if f.Do != nil {
			f.Do()
		}
		panic(http.ErrAbortHandler)
	}
	answer.write(w)
}

// forward makes the call, also when the caller is gone.
func (p *Proxy) forward(r *http.Request, body []byte) (*Answer, error) {
	out := r.Clone(r.Context())
	out = out.WithContext(noCancel{r.Context()})
	out.RequestURI = ""
	out.URL.Scheme, out.URL.Host = p.target.Scheme, p.target.Host
	out.Host = p.target.Host
	out.Body = io.NopCloser(bytes.NewReader(body))
	out.ContentLength = int64(len(body))
	out.TransferEncoding = nil
	reply, err := p.client.Do(out)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	text, err := io.ReadAll(reply.Body)
	if err != nil {
		return nil, err
	}
	return &Answer{reply.StatusCode, reply.Header, text}, nil
}

func (a *Answer) write(w http.ResponseWriter) {
	for name, values := range a.Header {
		if !slices.Contains([]string{"Connection", "Transfer-Encoding"}, name) {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body) // the caller may be gone
}

// Peek gives the calls so far that match accepts.
func (p *Proxy) Peek(match func(Call) bool) []Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	var found []Call
	for _, c := range p.trace {
		if match(c) {
			found = append(found, c)
		}
	}
	return found
}
