import { type Descriptor, descriptorOf } from './content.ts'
import type { Repository } from './repository.ts'

/** Pushes an image for each of two architectures and describes them as an index does. */
export async function pushTwoPlatforms(repository: Repository): Promise<Descriptor[]> {
  const pushed: Descriptor[] = []
  for (const architecture of ['amd64', 'arm64']) {
    const { manifest } = await repository.pushImage()
    pushed.push({ ...descriptorOf(manifest), platform: { os: 'linux', architecture } })
  }
  return pushed
}
