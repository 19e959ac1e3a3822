const shell = {
  tagline: 'Registry for container images, Helm charts and OCI artifacts',
  language: 'Language',
  notFound: 'There is no such page',
  home: 'To the start page',
  broken: 'Something went wrong',
}

export default shell
