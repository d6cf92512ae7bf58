import { Buffer } from "node:buffer";
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import {
  BIT_STRING,
  der,
  generalizedTime,
  INTEGER,
  objectIdentifier,
  OCTET_STRING,
  SEQUENCE,
  SET,
  tagged,
  utf8,
} from "./der.ts";

/** RFC 2606: no authority may certify a name below it, so nothing but the certificate itself vouches for one. */
const NOBODYS = "invalid";

/** Clocks of two machines may differ by months; the certificate goes with the process. */
const YEAR_MS = 365 * 86_400_000;

const ECDSA_WITH_SHA256 = der(SEQUENCE, objectIdentifier("2a8648ce3d040302"));
const COMMON_NAME = objectIdentifier("550403");
const BASIC_CONSTRAINTS = objectIdentifier("551d13");
const SUBJECT_ALT_NAME = objectIdentifier("551d11");
const VERSION_3 = der(INTEGER, Uint8Array.of(2));
/** `CA:FALSE` is what an empty one says; TLS refuses an authority as the other end. */
const NO_AUTHORITY = der(SEQUENCE);
/** The tag of a DNS name among alternative names. */
const DNS_NAME = 0x82;

export interface LaneCertificate {
  /** The name that the other end asks for. */
  readonly name: string;
  readonly der: Uint8Array;
  /** PEM, as `Deno.listenTls` takes both. */
  readonly cert: string;
  readonly key: string;
}

/** Makes a certificate that vouches for nothing but itself, with a new key: it counts for who was told of it. */
export function makeLaneCertificate(nowMs: number): LaneCertificate {
  const name = `${randomBytes(8).toString("hex")}.${NOBODYS}`;
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const body = signedPart(name, { spki, nowMs });
  const signature = sign("sha256", body, privateKey);
  const bytes = der(
    SEQUENCE,
    body,
    ECDSA_WITH_SHA256,
    der(BIT_STRING, Uint8Array.of(0), signature),
  );
  const key = String(privateKey.export({ type: "pkcs8", format: "pem" }));
  return { name, der: bytes, cert: pemOf(bytes), key };
}

export function pemOf(certificate: Uint8Array): string {
  const lines = Buffer.from(certificate).toString("base64").match(/.{1,64}/g) ?? [];
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

function signedPart(
  name: string,
  { spki, nowMs }: { readonly spki: Uint8Array; readonly nowMs: number },
): Uint8Array {
  const issuer = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, utf8(name))));
  return der(
    SEQUENCE,
    tagged(0, VERSION_3),
    der(INTEGER, serialNumber()),
    ECDSA_WITH_SHA256,
    issuer,
    der(SEQUENCE, generalizedTime(nowMs - YEAR_MS), generalizedTime(nowMs + YEAR_MS)),
    issuer,
    spki,
    tagged(
      3,
      der(
        SEQUENCE,
        extension(BASIC_CONSTRAINTS, NO_AUTHORITY),
        extension(
          SUBJECT_ALT_NAME,
          der(SEQUENCE, der(DNS_NAME, new TextEncoder().encode(name))),
        ),
      ),
    ),
  );
}

/** Positive, and without a byte that its first bit makes superfluous. */
function serialNumber(): Uint8Array {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes;
}

function extension(identifier: Uint8Array, value: Uint8Array): Uint8Array {
  return der(SEQUENCE, identifier, der(OCTET_STRING, value));
}
