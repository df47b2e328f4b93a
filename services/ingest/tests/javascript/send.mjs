// Sends a file with the public JavaScript client: node send.mjs <endpoint> <file> <size of a request> <break after>
// Headers come as JSON on standard input. Past `break after` bytes it gives its connection up and goes on anew.
// Says the recording that the upload became.
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'

const [endpoint, path, size, breakAfter] = process.argv.slice(2)
const tus = createRequire(`${process.env.RECITAL_NODE_MODULES}/`)('tus-js-client')
const chunks = []
for await (const chunk of process.stdin) chunks.push(chunk)
const headers = JSON.parse(Buffer.concat(chunks).toString())
const file = await readFile(path)
const told = { resumed: 0, recording: null }

function upload(url, onPart) {
  return new Promise((resolve, reject) => {
    const one = new tus.Upload(file, {
      endpoint,
      headers,
      uploadUrl: url,
      chunkSize: Number(size) || Infinity,
      retryDelays: [],
      metadata: { filetype: 'audio/wav', filename: 'call.wav' },
      onAfterResponse: (_request, response) => {
        told.recording = response.getHeader('Recital-Recording') ?? told.recording
      },
      onChunkComplete: (_size, accepted) => onPart(one, accepted, resolve),
      onError: reject,
      onSuccess: () => resolve(null),
    })
    one.start()
  })
}

const url = await upload(null, (one, accepted, leave) => {
  if (!Number(breakAfter) || accepted < Number(breakAfter)) return
  told.resumed = accepted
  one.abort().then(() => leave(one.url))
})
if (url) await upload(url, () => {})
console.log(JSON.stringify(told))
