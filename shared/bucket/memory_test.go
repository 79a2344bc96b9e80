package bucket_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/buckettest"
)

func TestMemory(t *testing.T) {
	buckettest.Run(t, func(*testing.T) bucket.Bucket { return bucket.NewMemory(time.Now) })
}

func TestMemoryClock(t *testing.T) {
	now := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	b := bucket.NewMemory(func() time.Time { return now })
	if _, err := b.Put(t.Context(), "old", strings.NewReader("x"), bucket.Condition{}); err != nil {
		t.Fatal(err)
	}
	now = now.Add(48 * time.Hour)
	for o, err := range b.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		if age := now.Sub(o.Modified); age != 48*time.Hour {
			t.Errorf("object is %s old", age)
		}
	}
}
