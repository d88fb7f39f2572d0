#!/usr/bin/env escript
%%! -noinput +A0 +S1
%% Encodes and decodes with modules that erlc made of ASN.1. Each packet is four octets of length and a term:
%% a list of {encode | decode, Module, Type, Value}, answered by a list of {ok, Result} | {error, Text}.

main([Folder]) ->
    true = code:add_patha(Folder),
    Port = open_port({fd, 0, 1}, [binary, {packet, 4}, eof]),
    loop(Port).

loop(Port) ->
    receive
        {Port, {data, Packet}} ->
            Answers = [answer(Request) || Request <- binary_to_term(Packet)],
            port_command(Port, term_to_binary(Answers)),
            loop(Port);
        {Port, eof} ->
            ok
    end.

answer({Way, Module, Type, Value}) ->
    try Module:Way(Type, Value) of
        {ok, Result} -> {ok, Result};
        {error, Reason} -> {error, text(Reason)}
    catch
        Class:Reason -> {error, text({Class, Reason})}
    end.

text(Reason) ->
    unicode:characters_to_binary(io_lib:format("~0p", [Reason])).
