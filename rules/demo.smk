rule make_demo:
    output:
        **DEMO_FILES,
    log:
        "logs/make_demo/make_demo.log",
    benchmark:
        "benchmarks/make_demo/make_demo.tsv"
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        seed=42,
        code=code_of("make_demo"),
    script:
        "../scripts/make_demo.py"


rule make_flights:
    output:
        FLIGHTS_FILE,
    log:
        "logs/make_flights/make_flights.log",
    benchmark:
        "benchmarks/make_flights/make_flights.tsv"
    localrule: True
    conda:
        "../envs/environment.yaml"
    params:
        code=code_of("make_flights"),
    script:
        "../scripts/make_flights.py"
