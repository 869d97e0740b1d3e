package podcheck

// Result is what Inspect says.
type Result struct {
	// Pods are by namespace and then by name.
	Pods []Report `json:"pods"`
	// Notes are what holds for all of them and was not checked, and why.
	Notes []string `json:"notes"`
}

// Report is what is said of one pod.
type Report struct {
	Namespace string `json:"namespace"`
	Pod       string `json:"pod"`
	// Node is "" while the pod is on none.
	Node string `json:"node"`
	// Phase is Kubernetes's, or "Terminating" for a pod that is being deleted.
	Phase    string `json:"phase"`
	Ready    bool   `json:"ready"`
	Restarts int    `json:"restarts"`
	// State is the supervisor's, "" when it could not be asked.
	State string `json:"state"`
	// Debug tells that the enclave is in debug mode, by what the supervisor says.
	Debug bool `json:"debug"`
	// Upcheck, Healthcheck and Readyz are the statuses of answers, 0 for none.
	Upcheck     int `json:"upcheck"`
	Healthcheck int `json:"healthcheck"`
	Readyz      int `json:"readyz"`
	// Keys is how many public keys the signer lists, nil when it did not.
	Keys        *int        `json:"keys"`
	Attestation Attestation `json:"attestation"`
	// Module is what a verified document says that the enclave is: "i-…-enc…".
	Module string `json:"module,omitempty"`
	// Signature is in hexadecimal digits, "" when none was asked for or given.
	Signature string `json:"signature,omitempty"`
	// Verdict is the first finding's, or "OK", in a few words.
	Verdict  string    `json:"verdict"`
	Findings []Finding `json:"findings"`
	// Notes are what is worth knowing and not wrong.
	Notes []string `json:"notes"`
}

// Finding is one thing that is wrong with a pod.
type Finding struct {
	Check Check `json:"check"`
	// Verdict says what is wrong in a few words.
	Verdict string `json:"verdict"`
	// Seen is what is wrong, with the values that show it.
	Seen string `json:"seen"`
	// Cure is what to do, with commands in backquotes.
	Cure string `json:"cure"`
}

// Check names what was checked.
type Check string

// All checks.
const (
	// CheckPod is of what Kubernetes says of the pod and its container.
	CheckPod Check = "pod"
	// CheckSupervisor is of what the supervisor says of itself and the enclave.
	CheckSupervisor Check = "supervisor"
	// CheckUp, CheckHealth and CheckReady are of the endpoints of these names.
	CheckUp     Check = "upcheck"
	CheckHealth Check = "healthcheck"
	CheckReady  Check = "readyz"
	// CheckKeys is of the public keys that the signer lists.
	CheckKeys        Check = "keys"
	CheckAttestation Check = "attestation"
	CheckSignature   Check = "signature"
)

// Attestation is what became of an attestation document.
type Attestation string

// What can become of it.
const (
	// NotChecked means that nobody said which image must run.
	NotChecked Attestation = "not checked"
	// NoDocument means that none was given.
	NoDocument Attestation = "none"
	// VerifiedAWS is a document that AWS's hardware has signed.
	VerifiedAWS Attestation = "verified"
	// VerifiedOther is one below a root that was named besides AWS's.
	VerifiedOther Attestation = "verified, not AWS"
	// Emulated is one that nobody has signed, as QEMU's are.
	Emulated Attestation = "emulated"
	// Refused is any other that does not verify.
	Refused Attestation = "refused"
)

// OK is the verdict of a pod without a finding.
const OK = "OK"

// Wrong counts the pods with a finding.
func (r Result) Wrong() int {
	count := 0
	for _, pod := range r.Pods {
		if len(pod.Findings) > 0 {
			count++
		}
	}
	return count
}
