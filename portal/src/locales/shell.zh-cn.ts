import type english from './shell.en.ts'

const shell: typeof english = {
  tagline: '容器镜像、Helm Chart 与 OCI 制品仓库',
  language: '语言',
  notFound: '页面不存在',
  home: '返回首页',
  broken: '出现错误',
}

export default shell
