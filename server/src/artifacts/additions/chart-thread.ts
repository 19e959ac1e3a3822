import { parentPort } from 'node:worker_threads'
import { dependenciesIn } from './chart-yaml.ts'

/** A thread that reads the files of charts (chart-reader.ts): what they cost is not the server's time. */
const port = parentPort
if (!port) throw new Error('this is the code of a thread')

port.on('message', (files: readonly Uint8Array[]) => {
  try {
    port.postMessage({ json: dependenciesIn(files) })
  } catch (error) {
    port.postMessage({ failure: error instanceof Error ? error.message : String(error) })
  }
})
port.postMessage('ready')
