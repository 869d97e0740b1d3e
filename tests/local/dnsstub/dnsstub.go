// Package dnsstub stands in for a cluster's DNS server, as far as a test needs one: it
// knows some names and says of all others that they do not exist, which ends the search
// lists of pods quickly. It is a test fixture.
package dnsstub

import (
	"errors"
	"net"
	"net/netip"
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// maxQuery is the longest query over UDP (RFC 1035, 4.2.1), with room for EDNS.
const maxQuery = 4096

// ttl is how long an answer may be kept, in seconds.
const ttl = 1

// Serve answers queries for the IPv4 addresses of names, which are without the dot at
// their end, until the connection is closed.
func Serve(conn net.PacketConn, names map[string]netip.Addr) error {
	buffer := make([]byte, maxQuery)
	for {
		n, from, err := conn.ReadFrom(buffer)
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		// Who asks nonsense hears nothing.
		if answer, err := respond(buffer[:n], names); err == nil {
			_, _ = conn.WriteTo(answer, from)
		}
	}
}

// respond makes the answer to a query.
func respond(query []byte, names map[string]netip.Addr) ([]byte, error) {
	var parser dnsmessage.Parser
	header, err := parser.Start(query)
	if err != nil {
		return nil, err
	}
	question, err := parser.Question()
	if err != nil {
		return nil, err
	}
	answer := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: header.ID, Response: true, Authoritative: true, RecursionDesired: header.RecursionDesired, RecursionAvailable: true,
		},
		Questions: []dnsmessage.Question{question},
	}
	address, known := names[strings.ToLower(strings.TrimSuffix(question.Name.String(), "."))]
	switch {
	case !known:
		answer.RCode = dnsmessage.RCodeNameError
	case question.Type == dnsmessage.TypeA:
		answer.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, TTL: ttl},
			Body:   &dnsmessage.AResource{A: address.As4()},
		}}
	}
	return answer.Pack()
}
