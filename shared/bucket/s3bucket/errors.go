package s3bucket

import (
	"errors"
	"fmt"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
)

// code is S3's name of an error, "" for what is none of S3's.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// status is the HTTP status of an error, 0 where no reply came.
func status(err error) int {
	var reply *awshttp.ResponseError
	if errors.As(err, &reply) {
		return reply.HTTPStatusCode()
	}
	return 0
}

// missing tells whether it is the object that is not there. A HEAD has no body that could name the error.
func missing(err error) bool {
	c := code(err)
	return c == "NoSuchKey" || c == "NotFound" && status(err) == http.StatusNotFound
}

// conflict tells whether S3 did nothing since another request on the same key was under way.
func conflict(code string) bool {
	return code == "ConditionalRequestConflict" || code == "OperationAborted"
}

// explain names what is missing where S3's own message does not.
func (b *Bucket) explain(err error, key, permission string) error {
	switch code(err) {
	case "NoSuchBucket":
		return fmt.Errorf("bucket %s does not exist: %w", b.lake.Bucket, err)
	case "AccessDenied", "Forbidden":
		return b.denied(err, key, permission)
	}
	return err
}

// denied: to one who may not list, S3 does not tell whether an object is there
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html, Permissions).
func (b *Bucket) denied(err error, key, permission string) error {
	hint := ""
	if permission == getPermission {
		hint = "; without s3:ListBucket, S3 says so of a missing object, too"
	}
	return fmt.Errorf("access denied to s3://%s/%s%s, %s is wanted%s: %w", b.lake.Bucket, b.lake.Prefix, key, permission, hint, err)
}

// The permissions that calls want. Objects under a key of KMS want its use besides, and S3's message says so.
const (
	getPermission    = "s3:GetObject"
	putPermission    = "s3:PutObject"
	listPermission   = "s3:ListBucket"
	deletePermission = "s3:DeleteObject (with s3:GetObject for a delete by ETag)"
)
