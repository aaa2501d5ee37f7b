"""The whole gate: contracts as they lie beside artifacts, compared by programs with bounds."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from deploy.contracts import CannotCompare, Contract, Unreadable, breaking, contract_of
from deploy.contracts.protobuf import find_buf


def has_buf() -> bool:
    try:
        find_buf()
    except CannotCompare:
        return False
    return True


with_buf = pytest.mark.skipif(not has_buf(), reason="there is no buf here: make buf")

SHOP = """\
syntax = "proto3";
package shop.v1;
import "google/protobuf/timestamp.proto";
message Pet { string name = 1; int32 age = 2; google.protobuf.Timestamp born = 3; }
service Shop {
  rpc Find(Pet) returns (Pet);
  rpc Sell(Pet) returns (Pet);
}
"""
TOYS = 'syntax = "proto3";\npackage toys.v1beta2;\nmessage Toy { string name = 1; }\n'
API = '{"openapi": "3.1.0", "paths": {"/a": {"get": {"responses": {"200": {"description": ""}}}}}}'


def protos(**files: str) -> Contract:
    return Contract({f"shop/{name}.proto": text.encode() for name, text in files.items()})


async def told(before: Contract, after: Contract) -> list[str]:
    return [str(each) for each in await breaking(before, after)]


@with_buf
async def test_what_breaks_in_protobuf_is_told_with_file_line_and_rule() -> None:
    after = SHOP.replace("int32 age = 2", "string age = 2").replace("  rpc Sell(Pet) returns (Pet);\n", "")
    assert await told(protos(shop=SHOP), protos(shop=after)) == [
        'shop/shop.proto:4:32: Field "2" with name "age" on message "Pet" changed type from "int32" to "string". (field_same_type)',
        'shop/shop.proto:5:1: Previously present RPC "Sell" on service "Shop" was deleted. (rpc_no_delete)',
    ]


@with_buf
@pytest.mark.parametrize(
    "after",
    [
        {"shop": SHOP.replace("int32 age = 2;", "int32 age = 2; string colour = 4;"), "toys": TOYS},
        {"shop": SHOP, "toys": TOYS.replace("string", "int32")},
        {"shop": SHOP},
        {"other": SHOP},
    ],
    ids=["added", "beta changed", "beta gone", "another file of the package"],
)
async def test_what_breaks_nobody_is_not_told(after: dict[str, str]) -> None:
    assert await told(protos(shop=SHOP, toys=TOYS), protos(**after)) == []


@with_buf
async def test_protobuf_that_is_gone_is_told_but_for_what_was_beta() -> None:
    assert await told(protos(shop=SHOP), Contract()) == ['Previously present package "shop.v1" was deleted. (package_no_delete)']
    assert await told(protos(toys=TOYS), Contract()) == []


@with_buf
async def test_an_image_is_compared_with_sources(tmp_path: Path) -> None:
    from processes import environ, run

    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/shop.proto").write_text(SHOP)
    argv = (str(find_buf()), "build", ".", "--output", str(tmp_path / "shop.binpb"), "--as-file-descriptor-set")
    assert (await run(argv, cwd=tmp_path, env=environ({"HOME": str(tmp_path)}))).code == 0
    image = contract_of("shop.binpb", (tmp_path / "shop.binpb").read_bytes())
    assert await told(image, protos(shop=SHOP)) == []
    [broken] = await told(protos(shop=SHOP), image) or ["none"]
    assert broken == "none"
    assert await told(image, protos(shop=SHOP.replace("int32 age", "int32 years"))) != []
    with pytest.raises(Unreadable, match="The protobuf cannot be compared: "):
        await breaking(image, Contract(image=b"\xff" * 50))


@with_buf
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('syntax = "proto3";\nmessage {', "shop/shop.proto:2:"),
        ('syntax = "proto3";\nimport "buf/validate/validate.proto";', "shop/shop.proto:2:1: imported file does not exist"),
        ('syntax = "proto3";\nimport "/etc/passwd";', "shop/shop.proto:2:"),
    ],
)
async def test_protobuf_that_cannot_be_read_is_said_with_its_place(text: str, words: str) -> None:
    with pytest.raises(Unreadable) as error:
        await breaking(protos(shop=SHOP), protos(shop=text))
    assert words in str(error.value)
    with pytest.raises(Unreadable, match="The contract that is deployed: "):
        await breaking(protos(shop=text), protos(shop=SHOP))


@with_buf
async def test_no_configuration_of_the_artifacts_is_obeyed() -> None:
    """A buf.yaml that ignores everything is not even unpacked."""
    files = {"buf.yaml": b"version: v2\nbreaking: {ignore: [shop]}\n", "shop/shop.proto": SHOP.replace("int32 age", "int32 years").encode()}
    after = contract_of("contract.tar.gz", archive(files))
    assert list(after.protos) == ["shop/shop.proto"]
    assert len(await told(protos(shop=SHOP), after)) == 2


async def test_without_buf_it_is_said_and_nothing_is_passed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(CannotCompare, match="buf is missing"):
        await breaking(protos(shop=SHOP), protos(shop=SHOP + "\n"))
    with pytest.raises(CannotCompare, match="There is no program at "):
        await breaking(protos(shop=SHOP), protos(shop=SHOP + "\n"), buf=tmp_path / "buf")
    assert await told(protos(shop=SHOP), protos(shop=SHOP)) == []


async def test_a_program_that_does_not_end_passes_nothing(tmp_path: Path) -> None:
    slow = tmp_path / "buf"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(slow.stat().st_mode | stat.S_IXUSR)
    with pytest.raises(CannotCompare, match="did not end within"):
        await breaking(protos(shop=SHOP), protos(shop=TOYS), buf=slow, within_s=0.2)


async def test_openapi_is_compared_by_a_process_of_its_own() -> None:
    before = contract_of("api.json", API.encode())
    assert await told(before, contract_of("openapi.json", API.replace('"get"', '"put"').encode())) == [
        "openapi.json:1:32: GET /a is gone for all who call it (line 1 before). (operation_removed)"
    ]
    with pytest.raises(Unreadable, match=r"api.yaml:1:4: This is no YAML"):
        await breaking(before, contract_of("api.yaml", b"a: ]"))
    with pytest.raises(Unreadable, match=r"api.yaml: This is no text in UTF-8"):
        await breaking(before, contract_of("api.yaml", b"\xff\xfe\x00"))
    assert await told(before, Contract()) == [
        "api.json: The document api.json is gone, with all that callers did by it. (document_removed)"
    ]


async def test_what_takes_too_long_passes_nothing() -> None:
    before = contract_of("api.json", API.encode())
    with pytest.raises(CannotCompare, match="could not be compared"):
        await breaking(before, contract_of("api.json", API.encode() + b"\n"), within_s=0.001)


def archive(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return data.getvalue()


def test_an_archive_holds_what_is_a_contract_and_the_rest_is_left_alone() -> None:
    files = {
        "shop/shop.proto": SHOP.encode(),
        "api.yaml": b"# the shop\nopenapi: 3.1.0\npaths: {}\n",
        "api.json": API.encode(),
        "package.json": b'{"name": "x"}',
        "buf.lock": b"",
        "readme.md": b"openapi: 3",
    }
    contract = contract_of("contract.tgz", archive(files))
    assert (list(contract.protos), list(contract.documents)) == (["shop/shop.proto"], ["api.json", "api.yaml"])
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as zipped:
        zipped.writestr("a.proto", "x")
    assert contract_of("contract.ZIP", data.getvalue()).protos == {"a.proto": b"x"}


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("readme.md", b"x", "There is no contract in this"),
        ("x.tar.gz", b"nonsense", "The archive cannot be unpacked"),
        ("x.tar.gz", archive({"../a.proto": b""}), "leads outside"),
        ("x.tar.gz", archive({"a.md": b""}), "There is no contract in this"),
        ("x.tar.gz", archive({"a.proto": b"x", "b.binpb": b"x"}), "either sources or one image"),
        ("x.tar.gz", archive({f"{n}.proto": b"" for n in range(2001)}), "more than 2000 files"),
        ("x.yaml", b" " * (2 * 2**20 + 1), "The document is larger than"),
        ("x.proto", b" " * (8 * 2**20 + 1), "The contract is larger than"),
        ("x.tar.gz", archive({"a.proto": bytes(25 * 2**20)}), "more than 25165824 bytes"),
    ],
    ids=["readme", "nonsense", "outside", "nothing", "both", "many", "long document", "long", "bomb"],
)
def test_what_is_no_contract_is_said(name: str, data: bytes, words: str) -> None:
    with pytest.raises(Unreadable) as error:
        contract_of(name, data)
    assert words in str(error.value)


def test_a_name_leads_nowhere() -> None:
    assert list(contract_of("../../etc/api.proto", b"x").protos) == ["api.proto"]
    assert os.sep not in next(iter(contract_of("/a/b.proto", b"x").protos))
