import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import net from 'node:net'
import path from 'node:path'
import type { Certificate } from './certificates.ts'
import { temporaryDirectory } from './directory.ts'

export interface ReverseProxy {
  /** Origin under which clients reach it. */
  url: string
  stop(): Promise<void>
}

export interface ProxyOptions {
  /** Reserved before, where the server behind must know the address in advance. */
  port: number
  upstream: () => string
  /** Instead of the one: several that get requests in turn, one after the other; who does not answer is passed over for a second. */
  upstreams?: readonly string[]
  tls?: Certificate
}

/** nginx in front of a server, as our guide says to set it up. */
export async function startNginx(nginx: string, options: ProxyOptions): Promise<ReverseProxy> {
  const directory = await temporaryDirectory('nginx')
  for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) {
    await mkdir(path.join(directory.path, name), { mode: 0o777 })
  }
  const file = path.join(directory.path, 'nginx.conf')
  await writeFile(file, configuration(directory.path, options))
  const child = spawn(
    nginx,
    ['-c', file, '-p', directory.path, '-e', path.join(directory.path, 'error.log')],
    {
      stdio: 'ignore',
    },
  )
  const atExit = () => child.kill('SIGTERM')
  process.once('exit', atExit)
  await accepting(options.port)

  return {
    url: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${options.port}`,
    stop: async () => {
      process.removeListener('exit', atExit)
      if (child.exitCode === null) {
        child.kill('SIGTERM')
        await once(child, 'exit')
      }
      await directory.remove()
    },
  }
}

function configuration(directory: string, { port, upstream, upstreams, tls }: ProxyOptions): string {
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const certificate =
    tls === undefined ? '' : `ssl_certificate ${tls.certificate}; ssl_certificate_key ${tls.key};`
  const servers = (upstreams ?? []).map((url) => `server ${new URL(url).host} max_fails=1 fail_timeout=1s;`)
  const several = upstreams ? `upstream several { ${servers.join(' ')} keepalive 16; }` : ''
  return `
daemon off; worker_processes 1; pid ${directory}/pid; ${user}
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path ${directory}/body; proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi; uwsgi_temp_path ${directory}/uwsgi; scgi_temp_path ${directory}/scgi;
  ${several}
  server {
    listen 127.0.0.1:${port}${tls === undefined ? '' : ' ssl'};
    ${certificate}
    client_max_body_size 0;
    location / {
      proxy_pass ${upstreams ? 'http://several' : upstream()};
      proxy_http_version 1.1;
      ${upstreams ? 'proxy_set_header Connection "";' : ''}
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
      proxy_set_header X-Forwarded-Host $http_host;
      proxy_request_buffering off;
      proxy_buffering off;
    }
  }
}
`
}

async function accepting(port: number): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const connected = await new Promise<boolean>((resolve) => {
      const socket = net.connect(port, '127.0.0.1')
      socket.on('connect', () => resolve(true))
      socket.on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (connected) {
      return
    }
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  throw new Error(`nginx does not listen on port ${port}`)
}
