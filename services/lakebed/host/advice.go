package host

import (
	"errors"
	"net"

	"github.com/aws/smithy-go"
)

// advice is the way out for what AWS refuses, by its error codes.
var advice = map[string]string{
	"NoSuchBucket":                 "check the bucket's name; `terraform apply` makes the lake's",
	"AccessDenied":                 accessDenied,
	"AccessDeniedException":        accessDenied,
	"Forbidden":                    accessDenied,
	"ExpiredToken":                 expired,
	"ExpiredTokenException":        expired,
	"InvalidAccessKeyId":           credentials,
	"InvalidSignatureException":    credentials,
	"SignatureDoesNotMatch":        credentials,
	"UnrecognizedClientException":  credentials,
	"AuthorizationHeaderMalformed": region,
	"PermanentRedirect":            region,
	"MovedPermanently":             region,
	"EntityNotFoundException":      "Glue has no such database or table: `terraform apply` makes the database, and database in lakebed.yaml names it",
	"ResourceNotFoundException":    "there is no such table: `terraform apply` makes it, and claims_table in lakebed.yaml names it",
}

const (
	accessDenied = "these credentials may not do this: use others (AWS_PROFILE), or have it allowed. S3 also says so of an object that is not there " +
		"to those who may not list the bucket"
	expired     = "the credentials have expired: log in again"
	credentials = "AWS does not know these credentials: check AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
	region      = "the bucket lies in another region: set AWS_REGION to that"
)

// Advice gives the way out of an error of AWS, "" where none is known.
func Advice(err error) string {
	var refused smithy.APIError
	if errors.As(err, &refused) {
		return advice[refused.ErrorCode()]
	}
	var unreached *net.OpError
	if errors.As(err, &unreached) {
		return "AWS cannot be reached: check the network, AWS_REGION and AWS_ENDPOINT_URL"
	}
	return ""
}
