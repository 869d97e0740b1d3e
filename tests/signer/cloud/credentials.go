package cloud

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"time"
)

// Identity says which credentials are in use. It has no secret.
type Identity struct {
	AccessKeyID string    `json:"access_key_id"`
	Source      string    `json:"source"`
	Expires     time.Time `json:"expires,omitzero"`
}

// Identity returns what the next call would be signed with.
func (c *Cloud) Identity(ctx context.Context) (Identity, error) {
	credentials, err := c.config.Credentials.Retrieve(ctx)
	if err != nil {
		return Identity{}, fmt.Errorf("credentials: %w", err)
	}
	return Identity{credentials.AccessKeyID, credentials.Source, credentials.Expires}, nil
}

// tokenFiles are the variables that name a token which kubelet rotates.
var tokenFiles = []string{"AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"}

// Watch takes new credentials as soon as a token has changed, and tries them on the state
// table. The SDK alone would do so only when the old ones expire, for which no test waits.
// It returns at the end of ctx.
func (c *Cloud) Watch(ctx context.Context, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for last := tokens(); ; {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := tokens()
		if now == last {
			continue
		}
		if err := c.renew(ctx); err != nil {
			c.options.Log.Error("the new token does not work yet", "error", err)
			continue // and try again
		}
		last = now
	}
}

func (c *Cloud) renew(ctx context.Context) error {
	if cache, ok := c.config.Credentials.(interface{ Invalidate() }); ok {
		cache.Invalidate()
	}
	if _, err := c.readState(ctx); err != nil {
		return err
	}
	identity, err := c.Identity(ctx)
	if err != nil {
		return err
	}
	c.options.Log.Info("credentials were renewed", "access_key_id", identity.AccessKeyID, "source", identity.Source)
	return nil
}

// tokens is a hash of all token files.
func tokens() (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, variable := range tokenFiles {
		// A token that cannot be read is another than before.
		token, _ := os.ReadFile(os.Getenv(variable))
		h.Write(token)
		h.Write([]byte{0})
	}
	copy(sum[:], h.Sum(nil))
	return sum
}
