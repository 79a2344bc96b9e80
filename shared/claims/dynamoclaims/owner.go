package dynamoclaims

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
)

// onlySort is the sort key of all of Global's items: one an id.
const onlySort = "-"

func idKey(id event.ID) string { return "id#" + hex.EncodeToString(id[:]) }

// found is an id's item as it was read. Owner, body and expires are compared as text when it is taken over.
type found struct {
	owner   event.Origin
	text    string // of the owner
	body    string
	expires time.Time
}

var errFound = errors.New("item is damaged, or of another form")

func foundIn(a attributes) (found, error) {
	f := found{text: textOf(a, ownerName), body: textOf(a, bodyName)}
	n, ok := a[expiresName].(*types.AttributeValueMemberN)
	if !ok || len(f.body) != 16 {
		return found{}, errFound
	}
	seconds, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		return found{}, errFound
	}
	f.expires = time.Unix(seconds, 0)
	f.owner, err = parseOwner(f.text)
	return f, err
}

// ownerOf writes a record's identity as shard/sequence/position.
func ownerOf(shard string, c claims.Claim) string {
	sequence := strings.TrimLeft(c.Sequence, "0")
	return shard + "/" + sequence + "/" + strconv.Itoa(c.Position)
}

// parseOwner is the inverse of ownerOf, but for zeros before the sequence. A shard may contain slashes.
func parseOwner(owner string) (event.Origin, error) {
	last := strings.LastIndexByte(owner, '/')
	if last < 0 {
		return event.Origin{}, errFound
	}
	middle := strings.LastIndexByte(owner[:last], '/')
	position, err := strconv.Atoi(owner[last+1:])
	if middle < 0 || err != nil || strings.Trim(owner[middle+1:last], "0123456789") != "" {
		return event.Origin{}, errFound
	}
	return event.Origin{Shard: owner[:middle], Sequence: owner[middle+1 : last], Position: position}, nil
}

func bodyOf(c claims.Claim) string { return fmt.Sprintf("%016x", c.Body) }
