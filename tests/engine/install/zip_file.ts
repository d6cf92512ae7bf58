import { Buffer } from "node:buffer";
import { crc32 } from "node:zlib";

const UNIX = 3 << 8;

/** A zip archive of executable files, not compressed, as older releases of llama.cpp packed them. */
export function zipFile(files: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    const common = commonFields(content, name);
    const body = Buffer.concat([Buffer.from("PK\x03\x04"), common, Buffer.from(name), content]);
    directory.push(directoryEntry(common, name, offset));
    bodies.push(body);
    offset += body.length;
  }
  const index = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06");
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(index.length, 12);
  end.writeUInt32LE(offset, 16);
  return new Uint8Array(Buffer.concat([...bodies, index, end]));
}

/** The fields that a file's header and its directory entry share. */
function commonFields(content: Buffer, name: string): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  fields.writeUInt32LE(crc32(content), 10);
  fields.writeUInt32LE(content.length, 14);
  fields.writeUInt32LE(content.length, 18);
  fields.writeUInt16LE(Buffer.byteLength(name), 22);
  return fields;
}

function directoryEntry(common: Buffer, name: string, offset: number): Buffer {
  const start = Buffer.alloc(6);
  start.write("PK\x01\x02");
  start.writeUInt16LE(UNIX | 20, 4);
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE((0o100755 << 16) >>> 0, 6);
  rest.writeUInt32LE(offset, 10);
  return Buffer.concat([start, common, rest, Buffer.from(name)]);
}
