/** A libp2p PeerId as base58 text. Always compared as text. */
export type PeerId = string & { readonly __brand: "PeerId" };
