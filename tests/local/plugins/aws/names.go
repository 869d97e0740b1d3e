package main

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// defaultsKey lists, in a resource's inputs, those that the provider chose. It is
// the key that bridged providers use, and the engine does not display it.
const defaultsKey = "__defaults"

// autoname gives a resource that names itself nothing the name it had, or a new
// one made of the URN's name and seven random digits. The digits come from the
// engine's seed, so that a preview and the update after it agree.
func (n naming) autoname(urn string, seed []byte, olds, news resource.PropertyMap) error {
	key := resource.PropertyKey(n.property)
	if n.property == "" || news.HasValue(key) || n.prefix != "" && news.HasValue(resource.PropertyKey(n.prefix)) {
		return nil
	}
	if old, ok := olds[key]; ok && autonamed(olds, n.property) {
		news[key] = old
	} else {
		name, err := resource.NewUniqueName(seed, n.start+resource.URN(urn).Name()+"-", 7, n.max, nil)
		if err != nil {
			return fmt.Errorf("naming the resource: %w", err)
		}
		news[key] = resource.NewProperty(name)
	}
	news[defaultsKey] = resource.NewProperty([]resource.PropertyValue{resource.NewProperty(n.property)})
	return nil
}

// fromPrefix names a resource whose program gave only the beginning of its name.
func (n naming) fromPrefix(a *account, in props) {
	if n.prefix != "" && !in.has(n.property) && in.has(n.prefix) {
		in[n.property] = in.str(n.prefix) + a.random(26)
	}
}

// pinned tells whether the program chose a name and keeps it, so that the old
// resource has to go before its replacement can come.
func (n naming) pinned(olds, news resource.PropertyMap) bool {
	key := resource.PropertyKey(n.property)
	if n.property == "" || !news.HasValue(key) || autonamed(news, n.property) {
		return false
	}
	return plainValue(olds[key]) == plainValue(news[key])
}

func autonamed(in resource.PropertyMap, property string) bool {
	return slices.Contains(plain(in).strs(defaultsKey), property)
}

func randomHex(digits int) string {
	b := make([]byte, (digits+1)/2)
	rand.Read(b) // never fails
	return hex.EncodeToString(b)[:digits]
}
