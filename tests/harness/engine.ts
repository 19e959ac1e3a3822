import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { CommandResult } from './command.ts'
import type { Home } from './home.ts'
import { layersInLayout, unpacked } from './layers.ts'

export interface Engine {
  run(...args: string[]): Promise<CommandResult>
  do(...args: string[]): Promise<string>
  /** Builds an image of two layers with random content under a name. */
  build(name: string, architecture?: string): Promise<void>
  /** The uncompressed layers of an image in the engine's own storage. */
  storedLayers(name: string): Promise<Buffer[]>
}

/** podman or buildah over a storage of its own that needs no kernel feature (`vfs`). */
export function useEngine(home: Home, file: string): Engine {
  const storage = async () => {
    const directory = await home.at('storage')
    return [
      '--storage-driver',
      'vfs',
      '--root',
      path.join(directory, 'root'),
      '--runroot',
      path.join(directory, 'runroot'),
    ]
  }
  const run = async (...args: string[]) => home.run(file, ...(await storage()), ...args)
  const succeed = async (...args: string[]) => home.do(file, ...(await storage()), ...args)

  async function build(name: string, architecture = 'amd64'): Promise<void> {
    const context = await home.at(`context-${randomBytes(4).toString('hex')}`)
    await writeFile(path.join(context, 'hello.txt'), `hello from ${name}\n`)
    await writeFile(path.join(context, 'data.bin'), randomBytes(300_000))
    await writeFile(
      path.join(context, 'Containerfile'),
      'FROM scratch\nCOPY hello.txt /hello.txt\nCOPY data.bin /data/data.bin\nCMD ["/hello"]\n',
    )
    const arguments_ = [
      '--quiet',
      '--layers',
      '--isolation',
      'chroot',
      '--arch',
      architecture,
      '--tag',
      name,
      context,
    ]
    await succeed('build', ...arguments_)
  }

  async function storedLayers(name: string): Promise<Buffer[]> {
    const saved = path.join(await home.at('saved'), randomBytes(4).toString('hex'))
    if (path.basename(file) === 'podman') {
      await succeed('save', '--quiet', '--format', 'oci-dir', '--output', saved, name)
    } else {
      await succeed('push', '--quiet', name, `oci:${saved}`)
    }
    return (await layersInLayout(saved)).map(unpacked)
  }

  return { run, do: succeed, build, storedLayers }
}
