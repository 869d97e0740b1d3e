// Lodestar's client of remote signers against the signer at a URL. Roots are Lodestar's,
// signatures are verified with blst: nothing here is of the signer's own libraries.
//
//   node client.mjs URL EPOCH
//
// Prints a JSON object a line, {"check": …, "ok": …, "detail": …, "ms": …}.
import {PublicKey, Signature, verify} from "@chainsafe/blst";
import {createIBeaconConfig} from "@lodestar/config";
import {config as chain} from "@lodestar/config/default";
import * as params from "@lodestar/params";
import {blindedOrFullBlockToHeader, computeSigningRoot} from "@lodestar/state-transition";
import {ssz} from "@lodestar/types";
import {externalSignerGetKeys, externalSignerPostSignature, externalSignerUpCheck} from "@lodestar/validator";

const [url, epochText] = process.argv.slice(2);
const epoch = Number(epochText);
const slot = epoch * params.SLOTS_PER_EPOCH + 1;
const config = createIBeaconConfig(chain, Buffer.alloc(32, 1)); // mainnet, of another genesis
const root = Buffer.alloc(32, 9);

async function check(name, act) {
  const began = performance.now();
  let ok = true;
  let detail = "";
  try {
    detail = (await act()) ?? "";
  } catch (e) {
    ok = false;
    detail = String(e?.message ?? e);
  }
  console.log(JSON.stringify({check: name, ok, detail, ms: Math.round(performance.now() - began)}));
}

function must(condition, message) {
  if (!condition) throw new Error(message);
}

let key = "";
await check("upcheck", async () => must(await externalSignerUpCheck(url), "the signer is not up"));
await check("public keys", async () => {
  const keys = await externalSignerGetKeys(url);
  must(keys.length > 0, "the signer has no keys");
  key = keys[0];
});

const sign = (signingRoot, message) => externalSignerPostSignature(config, url, key, signingRoot, slot, message);
const attestation = () => ({...ssz.phase0.AttestationData.defaultValue(), slot, beaconBlockRoot: root, source: {epoch: epoch - 1, root}, target: {epoch, root}});
const block = {...ssz.capella.BeaconBlock.defaultValue(), slot, proposerIndex: 7};

const duties = [
  ["RANDAO_REVEAL", params.DOMAIN_RANDAO, ssz.Epoch, epoch, {epoch}],
  ["ATTESTATION", params.DOMAIN_BEACON_ATTESTER, ssz.phase0.AttestationData, attestation()],
  ["BLOCK_V2", params.DOMAIN_BEACON_PROPOSER, ssz.phase0.BeaconBlockHeader, blindedOrFullBlockToHeader(config, block), block],
  ["AGGREGATION_SLOT", params.DOMAIN_SELECTION_PROOF, ssz.Slot, slot, {slot}],
  ["VOLUNTARY_EXIT", params.DOMAIN_VOLUNTARY_EXIT, ssz.phase0.VoluntaryExit, {epoch, validatorIndex: 7}],
  ["SYNC_COMMITTEE_MESSAGE", params.DOMAIN_SYNC_COMMITTEE, ssz.Root, root, {beaconBlockRoot: root, slot}],
  ["SYNC_COMMITTEE_SELECTION_PROOF", params.DOMAIN_SYNC_COMMITTEE_SELECTION_PROOF, ssz.altair.SyncAggregatorSelectionData, {slot, subcommitteeIndex: 2}],
];
for (const [type, domainType, container, signed, data = signed] of duties) {
  await check(type, async () => {
    const signingRoot = computeSigningRoot(container, signed, config.getDomain(slot, domainType));
    const signature = await sign(signingRoot, {type, data});
    must(verify(signingRoot, PublicKey.fromHex(key), Signature.fromHex(signature)), "the signature is wrong");
  });
}

await check("a double vote is refused", async () => {
  const vote = {...attestation(), index: 1};
  const signingRoot = computeSigningRoot(ssz.phase0.AttestationData, vote, config.getDomain(slot, params.DOMAIN_BEACON_ATTESTER));
  const said = await sign(signingRoot, {type: "ATTESTATION", data: vote}).catch((e) => `${e.message}`);
  must(said.includes("slashing protection"), `the answer is ${said}`);
});
await check("another signing root is refused", async () => {
  const said = await sign(root, {type: "RANDAO_REVEAL", data: {epoch}}).catch((e) => `${e.message}`);
  must(said.includes("signing root"), `the answer is ${said}`);
});
