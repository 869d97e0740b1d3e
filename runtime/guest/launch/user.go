package launch

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/unforeseen-consequences/pulumi-containment-chamber/runtime/guest/process"
)

// maxID is one below the number that the kernel takes for "no change".
const maxID = 1<<32 - 2

// LookupUser finds a USER of a container image: a name or number, with an optional
// group after a colon, in the contents of /etc/passwd and /etc/group. As with container
// engines a number need not be in them; its group is then 0. Empty is root.
func LookupUser(user string, passwd, group []byte) (process.User, error) {
	name, groupName, hasGroup := strings.Cut(user, ":")
	if name == "" && !hasGroup {
		return process.User{}, nil
	}
	entry := find(string(passwd), name)
	uid, ok := id(name)
	if !ok {
		if entry == nil {
			return process.User{}, fmt.Errorf("the user %q is not in the image's /etc/passwd", name)
		}
		if uid, ok = id(entry[2]); !ok {
			return process.User{}, fmt.Errorf("the user %q has no valid number in /etc/passwd", name)
		}
	}
	result := process.User{UID: uid}
	if len(entry) > 3 {
		result.GID, _ = id(entry[3])
	}
	if !hasGroup {
		return result, nil
	}
	if result.GID, ok = id(groupName); ok {
		return result, nil
	}
	entry = find(string(group), groupName)
	if entry == nil {
		return process.User{}, fmt.Errorf("the group %q is not in the image's /etc/group", groupName)
	}
	if result.GID, ok = id(entry[2]); !ok {
		return process.User{}, fmt.Errorf("the group %q has no valid number in /etc/group", groupName)
	}
	return result, nil
}

// find returns the fields of the first line with a name, or else with a number.
func find(file, key string) []string {
	var byNumber []string
	for line := range strings.Lines(file) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) < 3 || strings.HasPrefix(line, "#") {
			continue
		}
		if fields[0] == key {
			return fields
		}
		if fields[2] == key && byNumber == nil {
			byNumber = fields
		}
	}
	return byNumber
}

func id(text string) (uint32, bool) {
	n, err := strconv.ParseUint(text, 10, 32)
	return uint32(n), err == nil && n <= maxID && text[0] != '+'
}
