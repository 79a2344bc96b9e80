package bucket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
)

// TestMain is also the racing process: this binary runs itself again with the directory in the environment.
func TestMain(m *testing.M) {
	if path := os.Getenv("LAKEBED_RACE_DIR"); path != "" {
		if err := race(context.Background(), path, os.Getenv("LAKEBED_RACER")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

const (
	racers     = 4
	raceKeys   = 40
	increments = 40
	raceSize   = 100_000
)

// race creates keys that the other racers want too, counts a counter up, makes and removes objects in one folder, and prints the numbers of
// the keys that it won.
func race(ctx context.Context, path, racer string) error {
	d, err := bucket.OpenDir(path)
	if err != nil {
		return err
	}
	defer d.Close()
	for { // until all are there
		if _, _, err := d.Get(ctx, "start", bucket.Range{}); err == nil {
			break
		}
		time.Sleep(100 * time.Microsecond)
	}
	for i := range raceKeys {
		body := strings.NewReader(strings.Repeat(racer, raceSize))
		_, err := d.Put(ctx, fmt.Sprintf("race/%d/k", i), body, bucket.Condition{Absent: true})
		if err == nil {
			fmt.Println(i)
		} else if !errors.Is(err, bucket.ErrExists) {
			return err
		}
	}
	for range increments {
		if err := count(ctx, d); err != nil {
			return err
		}
		o, err := d.Put(ctx, "churn/folder/"+racer, strings.NewReader(racer), bucket.Condition{Absent: true})
		if err != nil {
			return err
		}
		if err := d.Delete(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// count adds one to the counter by compare and swap.
func count(ctx context.Context, b bucket.Bucket) error {
	for {
		body, o, err := b.Get(ctx, "counter", bucket.Range{})
		if err != nil {
			return err
		}
		text, err := io.ReadAll(body)
		body.Close()
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(text))
		if err != nil {
			return err
		}
		_, err = b.Put(ctx, "counter", strings.NewReader(strconv.Itoa(n+1)), bucket.Condition{Match: o.ETag})
		if !errors.Is(err, bucket.ErrChanged) {
			return err
		}
	}
}

// TestDirProcesses: several processes on one directory.
func TestDirProcesses(t *testing.T) {
	path := t.TempDir()
	d := openDir(t, path)
	put(t, d, "counter", "0")
	outputs := make([]*strings.Builder, racers)
	commands := make([]*exec.Cmd, racers)
	for i := range commands {
		outputs[i] = &strings.Builder{}
		commands[i] = exec.CommandContext(t.Context(), os.Args[0])
		commands[i].Env = append(os.Environ(), "LAKEBED_RACE_DIR="+path, fmt.Sprintf("LAKEBED_RACER=%d", i))
		commands[i].Stdout, commands[i].Stderr = outputs[i], os.Stderr
		if err := commands[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(100 * time.Millisecond)
	put(t, d, "start", "")
	winner := map[string]string{}
	for i, command := range commands {
		if err := command.Wait(); err != nil {
			t.Fatal(err)
		}
		for key := range strings.FieldsSeq(outputs[i].String()) {
			if other, taken := winner[key]; taken {
				t.Errorf("key %s was created by %s and by %d", key, other, i)
			}
			winner[key] = strconv.Itoa(i)
		}
	}
	if len(winner) != raceKeys {
		t.Errorf("%d of %d keys have a winner", len(winner), raceKeys)
	}
	for key, racer := range winner {
		if text := content(t, d, "race/"+key+"/k"); text != strings.Repeat(racer, raceSize) {
			t.Errorf("key %s does not hold what its winner wrote", key)
		}
	}
	if text := content(t, d, "counter"); text != strconv.Itoa(racers*increments) {
		t.Errorf("counter stands at %s, want %d", text, racers*increments)
	}
	if found := list(t, d, "churn/"); len(found) != 0 {
		t.Errorf("left over: %q", found)
	}
}

func content(t *testing.T, b bucket.Bucket, key string) string {
	t.Helper()
	body, _, err := b.Get(t.Context(), key, bucket.Range{})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
