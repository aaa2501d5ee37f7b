#!/bin/sh
# Have a real kube-apiserver, kube-controller-manager and etcd for tests, once, outside the repository: Kubernetes from Debian's own source
# package (some 8 minutes on two cores, 2 GB while it is made, 250 MB kept), etcd from Debian's binary package. Prints the folder they are in.
# Says in one line why it cannot, and ends with 75. Whoever is interrupted is gone on from; two at once wait for each other.
set -eu
cache=${XDG_CACHE_HOME:-$HOME/.cache}/trellis
say() { printf 'trellis: %s\n' "$1" >&2; }
cannot() { say "$1"; exit 75; }
there() { for each in "$cache"/kubernetes-[0-9]*/etcd; do [ ! -x "$each" ] || { dirname "$each"; return 0; }; done; return 1; }
[ -z "${KUBECONFIG:-}" ] || cannot "the API server of KUBECONFIG is used; runs are not tried there, for they need an image"
there && exit 0

[ "$(uname -s)" = Linux ] && command -v apt-get >/dev/null && command -v flock >/dev/null ||
  cannot "a Kubernetes API server can only be built on Debian; set KUBECONFIG to use one of yours"
mkdir -p "$cache"
exec 9>"$cache/kubernetes.lock"
flock -n 9 || { say "waiting for somebody who is building Kubernetes"; flock 9; }
there && exit 0

. /etc/os-release
making=$cache/kubernetes-making
mkdir -p "$making/lists/partial"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f "$keyring" ] && [ "${ID:-}" = debian ] || cannot "a Kubernetes API server can only be built on Debian; set KUBECONFIG to use one of yours"
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' 'Component: main' "Codename: $VERSION_CODENAME" 2>/dev/null | head -n 1)
[ -n "$mirror" ] || cannot "apt names no mirror of Debian: run apt-get update"
cat >"$making/debian.sources" <<END
Types: deb deb-src
URIs: $mirror
Suites: $VERSION_CODENAME
Components: main
Signed-By: $keyring
END
own() { apt-get -qq -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$making/parts" -o Dir::State::Lists="$making/lists" -o Debug::NoLocking=1 -o APT::Sandbox::User=root "$@"; }
mkdir -p "$making/parts" && mv "$making/debian.sources" "$making/parts/"
own update >&2 || cannot "Debian's packages cannot be reached; no Kubernetes API server is built"

missing=""
for each in dpkg-source:dpkg-dev go:golang-go jq:jq make:make rsync:rsync xz:xz-utils; do
  command -v "${each%%:*}" >/dev/null || missing="$missing ${each#*:}"
done
if [ -n "$missing" ]; then
  as_root=""
  [ "$(id -u)" = 0 ] || as_root="sudo -n"
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086 # words on purpose
  { $as_root apt-get -qq update && $as_root apt-get -qq install -y --no-install-recommends $missing; } >"$making/apt.log" 2>&1 ||
    cannot "apt could not install$missing; no Kubernetes API server is built"
fi

cd "$making"
if [ ! -e source/.unpacked ]; then
  free=$(df -Pk . | awk 'NR == 2 { print $4 }')
  [ "$free" -gt 3000000 ] || cannot "building Kubernetes takes 3 GB, and $making has $((free / 1000000)) GB; set KUBECONFIG to use a server of yours"
  say "building Kubernetes from Debian's source (once; some 8 minutes)"
  rm -rf source kubernetes_*
  own source --download-only kubernetes >&2 || cannot "Debian $VERSION_CODENAME has no source of Kubernetes; set KUBECONFIG to use a server of yours"
  dpkg-source --no-check -x kubernetes_*.dsc source >&2 || cannot "Debian's source of Kubernetes cannot be unpacked in $making"
  touch source/.unpacked
else
  say "going on with a build of Kubernetes that was interrupted"
fi
version=$(dpkg-parsechangelog -l source/debian/changelog -S Version)
upstream=${version%-*} && upstream=${upstream##*really}
(
  cd source
  mkdir -p .go/src/k8s.io && ln -sfn ../../.. .go/src/k8s.io/kubernetes
  cd .go/src/k8s.io/kubernetes
  env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS CGO_ENABLED=0 GOPROXY=off GOFLAGS= GOPATH="$making/source/.go" GOCACHE="$making/go-cache" \
    KUBE_GIT_VERSION="v$upstream" KUBE_GIT_MAJOR=1 KUBE_GIT_MINOR="$(echo "$upstream" | cut -d. -f2)" KUBE_GIT_COMMIT=debian KUBE_GIT_TREE_STATE=archive \
    make WHAT="cmd/kube-apiserver cmd/kube-controller-manager" >"$making/build.log" 2>&1 9>&-
) || { tail -n 20 build.log >&2; cannot "Kubernetes could not be built here ($making/build.log); it is tried again the next time"; }
(cd "$making" && rm -f etcd-server_*.deb && own download etcd-server >&2 && rm -rf etcd && dpkg-deb -x etcd-server_*.deb etcd) ||
  cannot "Debian has no etcd-server here; no Kubernetes API server is there"

part=$making/part
rm -rf "$part" && mkdir "$part"
built=source/_output/local/bin/linux/$(go env GOARCH)
mv "$built/kube-apiserver" "$built/kube-controller-manager" "$part/"
mv etcd/usr/bin/etcd "$part/"
mv "$part" "$cache/kubernetes-$upstream"
chmod -R u+w "$making" && rm -rf "$making"
there
