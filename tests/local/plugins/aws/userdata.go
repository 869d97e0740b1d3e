package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	stdmultipart "mime/multipart"
	"net/mail"
	"strings"
)

// decodeUserData undoes the base64 that EC2 wants, and keeps its limit.
func decodeUserData(s string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("must be base64: %w", err)
	}
	if len(data) > 16<<10 {
		return nil, fmt.Errorf("has %d bytes; EC2 takes 16384", len(data))
	}
	return data, nil
}

// multipart refuses user data that EKS could not merge its own part into.
func multipart(encoded string) error {
	data, err := decodeUserData(encoded)
	if err != nil {
		return err
	}
	msg, err := mail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("reading its header: %w", err)
	}
	media, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil {
		return fmt.Errorf("reading its Content-Type: %w", err)
	}
	if !strings.HasPrefix(media, "multipart/") {
		return fmt.Errorf("it is %s", media)
	}
	return readParts(stdmultipart.NewReader(msg.Body, params["boundary"]))
}

func readParts(r *stdmultipart.Reader) error {
	for n := 0; ; n++ {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) && n > 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("part %d: %w", n+1, err)
		}
		if _, err := io.Copy(io.Discard, part); err != nil {
			return fmt.Errorf("part %d: %w", n+1, err)
		}
	}
}
