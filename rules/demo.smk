rule make_demo:
    output:
        **DEMO_FILES,
    params:
        seed=42,
        code=code_of("make_demo"),
    log:
        "logs/make_demo/make_demo.log",
    benchmark:
        "benchmarks/make_demo/make_demo.tsv"
    conda:
        "../envs/environment.yaml"
    localrule: True
    script:
        "../scripts/make_demo.py"


rule make_flights:
    output:
        FLIGHTS_FILE,
    params:
        code=code_of("make_flights"),
    log:
        "logs/make_flights/make_flights.log",
    benchmark:
        "benchmarks/make_flights/make_flights.tsv"
    conda:
        "../envs/environment.yaml"
    localrule: True
    script:
        "../scripts/make_flights.py"
