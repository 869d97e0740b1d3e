package process

// User is a user and a group by their numbers.
type User struct{ UID, GID uint32 }
