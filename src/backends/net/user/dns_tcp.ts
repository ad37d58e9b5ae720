// The name server over TCP (RFC 7766): queries with their length before them, as many as the guest likes.

import type { TcpStream } from "./tcp/stream";

/** Answers one query; undefined: it was none. */
export type AnswerQuery = (query: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | undefined;

const LENGTH = 2;

/** Serves a connection until its end, or until something comes that is no query. */
export async function serveDns(stream: TcpStream, answer: AnswerQuery): Promise<void> {
  for (;;) {
    const length = await readExactly(stream, LENGTH);
    const query =
      length === undefined ? undefined : await readExactly(stream, ((length[0] ?? 0) << 8) | (length[1] ?? 0));
    const response = query === undefined ? undefined : answer(query);
    if (response === undefined) break;
    // In one piece: some clients expect the length and the message together (section 8).
    const message = new Uint8Array(LENGTH + response.length);
    new DataView(message.buffer).setUint16(0, response.length);
    message.set(response, LENGTH);
    if (!(await stream.write(message))) break;
  }
  stream.release();
}

/** So many bytes; undefined if the connection ends before. */
async function readExactly(stream: TcpStream, length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const piece = await stream.read();
    if (piece === "end" || piece === "broken") return undefined;
    const taken = piece.subarray(0, length - at);
    bytes.set(taken, at);
    at += taken.length;
    stream.unread(piece.subarray(taken.length));
  }
  return bytes;
}
