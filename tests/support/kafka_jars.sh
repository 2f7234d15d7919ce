#!/usr/bin/env bash
# Fetch a real Kafka from its jars on Maven Central into a folder. Needs mvn.
#   kafka_jars.sh FOLDER
set -euo pipefail
version=4.1.2
folder=$(mkdir -p "$1" && cd "$1" && pwd)
cat >"$folder/pom.xml" <<P
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>local</groupId><artifactId>kafka</artifactId><version>1</version>
<dependencies><dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>$version</version></dependency>
<dependency><groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.1</version></dependency></dependencies></project>
P
mvn -q -f "$folder/pom.xml" dependency:copy-dependencies -DoutputDirectory="$folder/libs" >"$folder/mvn.log" 2>&1 || {
  tail -n 5 "$folder/mvn.log" >&2
  exit 1
}
