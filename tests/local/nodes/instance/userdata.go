package instance

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"regexp"
	"strconv"
	"strings"
)

// Reservation is what the shell part of our user data asks for.
type Reservation struct {
	// Mode is "allocator" or "direct".
	Mode      string
	CPUCount  int
	MemoryMiB int
	// PageKiB is the page size of direct mode.
	PageKiB int
	// Allocator is the content of allocator.yaml in allocator mode. Its
	// numbers count, not those above.
	Allocator string
}

var (
	// constant is a line such as "readonly CPU_COUNT=2".
	constant = regexp.MustCompile(`(?m)^readonly ([A-Z_]+)=(\S+)$`)
	// heredoc is the shell's way to write allocator.yaml.
	heredoc = regexp.MustCompile(`(?m)^cat >\s*\S*allocator\.yaml <<-?\s*'?"?(\w+)'?"?$`)
)

// ParseUserData reads the user data of a launch template as cloud-init would:
// base64, MIME multipart, the shell part. User data without a reservation of ours
// gives an empty one.
func ParseUserData(encoded string) (Reservation, error) {
	if encoded == "" {
		return Reservation{}, nil
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return Reservation{}, fmt.Errorf("user data is not base64: %w", err)
	}
	script, err := shellPart(string(data))
	if err != nil {
		return Reservation{}, err
	}
	return parseScript(script)
}

func shellPart(document string) (string, error) {
	message, err := mail.ReadMessage(strings.NewReader(document))
	if err != nil {
		return "", fmt.Errorf("user data is not a MIME document: %w", err)
	}
	kind, params, err := mime.ParseMediaType(message.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		return "", fmt.Errorf("user data is not multipart but %q", message.Header.Get("Content-Type"))
	}
	parts := multipart.NewReader(message.Body, params["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return "", nil
		}
		if err != nil {
			return "", fmt.Errorf("reading the user data's parts: %w", err)
		}
		kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if kind == "text/x-shellscript" {
			content, err := io.ReadAll(part)
			return strings.ReplaceAll(string(content), "\r\n", "\n"), err
		}
	}
}

func parseScript(script string) (r Reservation, err error) {
	numbers := map[string]*int{"CPU_COUNT": &r.CPUCount, "MEMORY_MIB": &r.MemoryMiB, "PAGE_KIB": &r.PageKiB}
	for _, match := range constant.FindAllStringSubmatch(script, -1) {
		name, value := match[1], match[2]
		if name == "RESERVATION" {
			r.Mode = value
		}
		if number := numbers[name]; number != nil {
			if *number, err = strconv.Atoi(value); err != nil {
				return r, fmt.Errorf("user data: %s is not a number: %w", name, err)
			}
		}
	}
	if at := heredoc.FindStringSubmatchIndex(script); at != nil {
		r.Allocator = untilDelimiter(script[at[1]+1:], script[at[2]:at[3]])
	}
	return r, nil
}

// untilDelimiter is the here-document's body: the lines before the one that is
// nothing but the delimiter.
func untilDelimiter(text, delimiter string) string {
	var body strings.Builder
	for line := range strings.Lines(text) {
		if strings.TrimRight(line, "\n") == delimiter {
			return body.String()
		}
		body.WriteString(line)
	}
	return body.String()
}
