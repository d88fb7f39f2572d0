"""asn1bean: Java classes generated from the schema, in a virtual machine that has warmed up."""

from __future__ import annotations

from benchmarks.harness.codec.references.base import Codec, NotAvailable
from benchmarks.harness.codec.references.programs import BUILD, SOURCES, Program, build_folder, finished, needs, run
from benchmarks.harness.codec.workloads import Workload, for_references


class Asn1bean:
    name = "asn1bean"

    def __init__(self, *, build: bool = True) -> None:
        self._build = build

    def prepare(self, workload: Workload) -> Codec:
        needs("java", "javac", package="Debian: openjdk-17-jdk-headless")
        archives = BUILD / "asn1bean-archives"
        if not list(archives.glob("asn1bean-*.jar")):
            if not self._build:
                raise NotAvailable("not fetched yet; a run without --smoke does it")
            needs("mvn", package="Debian: maven")
            copy = ["dependency:copy-dependencies", f"-DoutputDirectory={archives}"]
            run("mvn", "-q", "-B", "-f", SOURCES / "asn1bean" / "pom.xml", *copy, cwd=SOURCES)
        path = ":".join(map(str, archives.glob("*.jar")))
        text, source = for_references(workload.module), SOURCES / "asn1bean" / "Timed.java"
        folder, made = build_folder(f"asn1bean-{workload.module}", text, source.read_text())
        if not made:
            (folder / "schema.asn").write_text(text)
            run("java", "-cp", path, "com.beanit.asn1bean.compiler.Compiler", "-f", "schema.asn", "-o", ".", cwd=folder)
            generated = sorted(str(file) for file in folder.glob("*/*.java"))
            run("javac", "-nowarn", "-cp", path, "-d", "classes", str(source), *generated, cwd=folder)
            finished(folder)
        command = ["java", "-XX:+UseSerialGC", "-Xmx2g", "-cp", f"{path}:{folder / 'classes'}", "Timed"]
        return Program([*command, f"{workload.module.lower()}.{workload.type_name}"], workload.octets)
