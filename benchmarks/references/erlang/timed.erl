%% Decodes and encodes one value with the module that asn1ct generated.
%%
%% timed:main([Module, Type, File]) reads the octets, then takes from standard input "decode N", "encode N" (it answers
%% with nanoseconds of processor and of wall clock for all N) and "again" (it answers with the octets decoded and
%% encoded, in hex).
-module(timed).
-export([main/1]).

main([ModuleName, TypeName, File]) ->
    Module = list_to_atom(ModuleName),
    Type = list_to_atom(TypeName),
    {ok, Octets} = file:read_file(File),
    {ok, Value} = Module:decode(Type, Octets),
    loop(Module, Type, Octets, Value).

loop(Module, Type, Octets, Value) ->
    case io:get_line("") of
        eof ->
            halt(0);
        "again\n" ->
            {ok, Again} = Module:encode(Type, Value),
            io:put_chars([binary:encode_hex(Again), $\n]),
            loop(Module, Type, Octets, Value);
        "decode " ++ Times ->
            timed(fun() -> {ok, _} = Module:decode(Type, Octets) end, count(Times)),
            loop(Module, Type, Octets, Value);
        "encode " ++ Times ->
            timed(fun() -> {ok, _} = Module:encode(Type, Value) end, count(Times)),
            loop(Module, Type, Octets, Value)
    end.

count(Line) -> list_to_integer(string:trim(Line)).

%% In a process of its own, so that what an earlier round left on the heap is not collected again in this one.
timed(Work, Times) ->
    Self = self(),
    spawn_link(fun() ->
        Wall = erlang:monotonic_time(nanosecond),
        {Cpu, _} = statistics(runtime),
        repeat(Work, Times),
        {Then, _} = statistics(runtime),
        Self ! {spent, (Then - Cpu) * 1000000, erlang:monotonic_time(nanosecond) - Wall}
    end),
    receive {spent, Processor, Clock} -> io:format("~b ~b~n", [Processor, Clock]) end.

repeat(_, 0) -> ok;
repeat(Work, Times) -> Work(), repeat(Work, Times - 1).
